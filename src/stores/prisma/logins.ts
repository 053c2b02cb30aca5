import type { ResponseType } from "../../clients/client.js";
import type { Login, PendingLoginStore } from "../../login/pending-login.js";
import type { Db } from "./db.js";
import type { Login as Row } from "./generated/sqlite/client.js";
import { deleteExpired } from "./expired.js";
import { replaceNul, storable } from "./text.js";

export function loginStore(db: Db): PendingLoginStore {
  const { prisma } = db;
  return {
    begin: async (login) => { await prisma.login.create({ data: toRow(storable(login)) }); },

    take: async (stateHash) => {
      const row = await prisma.login.findFirst({ where: { stateHash: replaceNul(stateHash) } });
      if (row === null) return null;
      // Of concurrent callers, only the one that deletes the row gets the login.
      const { count } = await prisma.login.deleteMany({ where: { stateHash: row.stateHash } });
      return count === 1 ? toLogin(row) : null;
    },

    sweep: (before, limit) => deleteExpired(db, "logins", before, limit),
  };
}

const toRow = ({ state, codeChallenge, expiresAt, ...login }: Login): Row =>
  ({ ...login, state: state ?? null, codeChallenge: codeChallenge ?? null, expiresAt: new Date(expiresAt) });

const toLogin = ({ responseType, state, codeChallenge, expiresAt, ...row }: Row): Login => ({
  ...row,
  responseType: responseType as ResponseType,
  state: state ?? undefined,
  codeChallenge: codeChallenge ?? undefined,
  expiresAt: expiresAt.getTime(),
});
