import type { Cutoff, CutoffJournal, CutoffScope } from "../../revocation/cutoff.js";
import { eventOfCutoff } from "../../revocation/feed/event.js";
import type { Db } from "./db.js";
import type { RevocationCutoff as Row } from "./generated/sqlite/client.js";
import { toDate } from "./instant.js";
import { recordWithEvent } from "./revocation-feed.js";
import { replaceNul, storable } from "./text.js";

export function cutoffJournal(db: Db): CutoffJournal {
  const { prisma } = db;
  return {
    // Raw SQL: of two concurrent cut-offs the later instants have to win, in either order.
    record: async (cutoff, shared) => {
      const { scope, value, issuedBefore, expiresAt } = storable(cutoff);
      await recordWithEvent(db, shared, eventOfCutoff(cutoff), [prisma.$executeRaw`
        INSERT INTO revocation_cutoffs AS known (scope, value, born_before, expires_at, shared)
        VALUES (${scope}, ${value}, ${toDate(issuedBefore)}, ${toDate(expiresAt)}, ${shared})
        ON CONFLICT (scope, value) DO UPDATE SET
          born_before = CASE WHEN excluded.born_before > known.born_before
            THEN excluded.born_before ELSE known.born_before END,
          expires_at = CASE WHEN excluded.expires_at > known.expires_at
            THEN excluded.expires_at ELSE known.expires_at END,
          shared = excluded.shared`]);
    },

    find: async (names) => {
      const where = { OR: names.map(({ scope, value }) => ({ scope, value: replaceNul(value) })) };
      return (await prisma.revocationCutoff.findMany({ where })).map(toCutoff);
    },

    live: async (now, { limit, after, newerThan }) => {
      const beyond = after && [
        { scope: { gt: after.scope } },
        { scope: after.scope, value: { gt: replaceNul(after.value) } },
      ];
      const recent = newerThan !== undefined && { issuedBefore: { gt: new Date(newerThan) } };
      const where = { expiresAt: { gt: new Date(now) }, ...recent, ...(beyond && { OR: beyond }) };
      const orderBy = [{ scope: "asc" as const }, { value: "asc" as const }];
      return (await prisma.revocationCutoff.findMany({ where, orderBy, take: limit })).map(toCutoff);
    },

    uncached: async (now, limit) => {
      const where = { shared: false, expiresAt: { gt: new Date(now) } };
      const orderBy = { expiresAt: "asc" as const };
      return (await prisma.revocationCutoff.findMany({ where, orderBy, take: limit })).map(toCutoff);
    },

    // One by one: there are few, and locking one row at a time can't cause a deadlock.
    markCached: async (cutoffs) => {
      for (const { scope, value, issuedBefore, expiresAt } of cutoffs) {
        const where = { scope, value, issuedBefore: toDate(issuedBefore), expiresAt: toDate(expiresAt) };
        await prisma.revocationCutoff.updateMany({ where, data: { shared: true } });
      }
    },

    sweep: async (before, limit) => {
      const where = { expiresAt: { lte: new Date(before) } };
      let deleted = 0;
      for (const { scope, value } of await prisma.revocationCutoff.findMany({ where, take: limit })) {
        deleted += (await prisma.revocationCutoff.deleteMany({ where: { ...where, scope, value } })).count;
      }
      return deleted;
    },
  };
}

const toCutoff = ({ scope, value, issuedBefore, expiresAt }: Row): Cutoff =>
  ({ scope: scope as CutoffScope, value, issuedBefore: issuedBefore.getTime(), expiresAt: expiresAt.getTime() });
