import type { LoginFacts, Session, SessionEnd, SessionStore } from "../../sessions/session.js";
import type { IdentityClaims } from "../../tokens/claims.js";
import type { Db, Json } from "./db.js";
import type { Session as Row } from "./generated/sqlite/client.js";
import { deleteExpired } from "./expired.js";
import { toDate } from "./instant.js";
import { replaceNul, storable } from "./text.js";

export function sessionStore(db: Db): SessionStore {
  const { session: sessions } = db.prisma;
  return {
    insert: async (session, cookieHash) => {
      await sessions.create({ data: { ...toRow(storable(session)), sid: session.sid, cookieHash } });
    },
    find: async (cookieHash) => {
      const row = await sessions.findFirst({ where: { cookieHash: replaceNul(cookieHash) } });
      return row && toSession(row);
    },
    renew: async (session, cookieHash) => {
      const data = { ...toRow(storable(session)), cookieHash };
      return (await sessions.updateMany({ where: { sid: session.sid }, data })).count === 1;
    },
    touch: async (sid, idleUntil) => {
      await sessions.updateMany({ where: { sid }, data: { idleUntil: BigInt(idleUntil) } });
    },
    end: async ({ before, ...which }: SessionEnd) => {
      await sessions.deleteMany({ where: { ...replaced(which), createdAt: { lt: BigInt(before) } } });
    },
    endAll: async () => { await sessions.deleteMany(); },
    sweep: (before, limit) => deleteExpired(db, "sessions", before, limit),
  };
}

const replaced = (which: { sub: string } | { sid: string }) =>
  ("sub" in which ? { sub: replaceNul(which.sub) } : { sid: replaceNul(which.sid) });

/** `expiresAt` ignores the idle lifetime, which `touch` moves. */
const toRow = ({ claims, facts: { authTime, ...rest }, createdAt, idleUntil, endsAt }: Session) => ({
  sub: claims.sub, login: { claims, ...rest } as unknown as Json, authTime: BigInt(authTime),
  createdAt: BigInt(createdAt), idleUntil: BigInt(idleUntil), endsAt: BigInt(endsAt), expiresAt: toDate(endsAt),
});

function toSession({ sid, login, authTime, createdAt, idleUntil, endsAt }: Row): Session {
  const { claims, ...rest } = login as unknown as { claims: IdentityClaims } & Omit<LoginFacts, "authTime">;
  return {
    sid, claims, facts: { ...rest, authTime: Number(authTime) },
    createdAt: Number(createdAt), idleUntil: Number(idleUntil), endsAt: Number(endsAt),
  };
}
