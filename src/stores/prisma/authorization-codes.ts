import type { AuthorizationCode, AuthorizationCodeStore } from "../../login/authorization-code.js";
import type { IdentityClaims } from "../../tokens/claims.js";
import type { StatusReference } from "../../tokens/status-reference.js";
import type { Db, Json } from "./db.js";
import type { AuthorizationCode as Row } from "./generated/sqlite/client.js";
import { deleteExpired } from "./expired.js";
import { inParts } from "./in-parts.js";
import { toDate } from "./instant.js";
import { replaceNul, storable } from "./text.js";

export function authorizationCodeStore(db: Db): AuthorizationCodeStore {
  const { authorizationCode: codes } = db.prisma;
  return {
    issue: async (code) => { await codes.create({ data: toRow(storable(code)) }); },

    find: async (codeHash) => {
      const row = await codes.findFirst({ where: { codeHash: replaceNul(codeHash) } });
      return row && toCode(row);
    },

    findAll: (hashes) => inParts(hashes, async (some) =>
      (await codes.findMany({ where: { codeHash: { in: some } } })).map(toCode)),

    exchange: async ({ codeHash, claims: { sub, provider }, authorized }, { jti, expiresAt, status }) => {
      const data = {
        jti, expiresAt: toDate(expiresAt), claims: { sub, provider }, ...toColumns(status),
        ...(authorized && { authorized: { sid: authorized.sid } }),
      };
      // Of concurrent callers, only the first finds `jti` null: the row lock makes the others wait.
      return (await codes.updateMany({ where: { codeHash, jti: null }, data })).count === 1;
    },

    sweep: (before, limit) => deleteExpired(db, "authorization_codes", before, limit),
  };
}

const toColumns = (status: StatusReference | undefined) =>
  ({ statusListId: status?.listId ?? null, statusIndex: status?.index ?? null });

function toRow({ codeChallenge, claims, authorized, expiresAt, jti, status, ...code }: AuthorizationCode) {
  return {
    ...code, ...toColumns(status), jti: jti ?? null, codeChallenge: codeChallenge ?? null,
    ...(authorized && { authorized: authorized as unknown as Json }),
    claims: claims as unknown as Json, expiresAt: new Date(expiresAt),
  };
}

const toCode = ({
  codeChallenge, claims, authorized, expiresAt, jti, statusListId: listId, statusIndex: index, ...row
}: Row): AuthorizationCode => ({
  ...row,
  authorized: authorized as unknown as AuthorizationCode["authorized"] ?? undefined,
  jti: jti ?? undefined,
  status: listId === null || index === null ? undefined : { listId, index },
  codeChallenge: codeChallenge ?? undefined,
  claims: claims as unknown as IdentityClaims,
  expiresAt: expiresAt.getTime(),
});
