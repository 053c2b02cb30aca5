import { eventOfToken } from "../../revocation/feed/event.js";
import type { Revocation, RevocationJournal } from "../../revocation/journal.js";
import type { Db } from "./db.js";
import type { Revocation as Row } from "./generated/sqlite/client.js";
import { deleteExpired } from "./expired.js";
import { toDate } from "./instant.js";
import { recordWithEvent } from "./revocation-feed.js";
import { replaceNul, storable } from "./text.js";

/** Uses raw SQL for frequent calls, and where Prisma would use one parameter per row (SQLite has a limit). */
export function revocationJournal(db: Db): RevocationJournal {
  const { prisma, postgres } = db;
  return {
    record: async (revocation, shared) => {
      const { jti, clientId, subject, expiresAt, revokedAt, status } = storable(revocation);
      const expires = toDate(expiresAt);
      await recordWithEvent(db, shared, eventOfToken(revocation), [
        prisma.$executeRaw`
          INSERT INTO revocations (jti, client_id, subject, expires_at, revoked_at, shared)
          VALUES (${jti}, ${clientId}, ${subject}, ${expires}, ${new Date(revokedAt)}, ${shared})
          ON CONFLICT (jti) DO NOTHING`,
        ...(status === undefined ? [] : [prisma.$executeRaw`
          INSERT INTO status_revocations (list_id, idx, expires_at)
          VALUES (${status.listId}, ${status.index}, ${expires})
          ON CONFLICT (list_id, idx) DO NOTHING`]),
      ]);
    },

    has: async (jti) => {
      const key = replaceNul(jti);
      const rows = await prisma.$queryRaw<unknown[]>`SELECT 1 AS revoked FROM revocations WHERE jti = ${key}`;
      return rows.length > 0;
    },

    live: async (now, { limit, after }) => {
      const beyond = after !== undefined && { jti: { gt: replaceNul(after) } };
      const where = { expiresAt: { gt: new Date(now) }, ...beyond };
      return (await prisma.revocation.findMany({ where, orderBy: { jti: "asc" }, take: limit })).map(toRevocation);
    },

    uncached: async (now, limit) => {
      const where = { shared: false, expiresAt: { gt: new Date(now) } };
      return (await prisma.revocation.findMany({ where, orderBy: { expiresAt: "asc" }, take: limit }))
        .map(toRevocation);
    },

    // SKIP LOCKED prevents a deadlock between replicas that mark the same rows in different orders. Another replica is
    // marking the skipped rows.
    markCached: async (jtis) => {
      if (postgres) {
        await prisma.$executeRaw`
          UPDATE revocations SET shared = true WHERE jti IN (
            SELECT jti FROM revocations WHERE jti = ANY(${jtis}) AND NOT shared FOR UPDATE SKIP LOCKED)`;
      } else {
        await prisma.$executeRaw`
          UPDATE revocations SET shared = true
          WHERE jti IN (SELECT value FROM json_each(${JSON.stringify(jtis)})) AND NOT shared`;
      }
    },

    sweep: (before, limit) => deleteExpired(db, "revocations", before, limit),
  };
}

function toRevocation({ jti, clientId, subject, expiresAt, revokedAt }: Row): Revocation {
  return { jti, clientId, subject, expiresAt: expiresAt.getTime(), revokedAt: revokedAt.getTime() };
}
