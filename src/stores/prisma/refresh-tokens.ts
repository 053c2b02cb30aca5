import { type Name, partsOf } from "../../revocation/entry.js";
import type { RefreshGrant, RefreshTokenFamily, RefreshTokenStore, Rotation } from "../../sessions/refresh-token.js";
import type { Db, Json } from "./db.js";
import { deleteExpired } from "./expired.js";
import type { RefreshToken as Row } from "./generated/sqlite/client.js";
import { toDate } from "./instant.js";
import { replaceNul, storable } from "./text.js";

export function refreshTokenStore(db: Db): RefreshTokenStore {
  const { refreshToken: families } = db.prisma;
  return {
    start: async (family) => { await families.create({ data: toRow(storable(family)) }); },

    find: async (id) => {
      const row = await families.findFirst({ where: { id: replaceNul(id) } });
      return row && toFamily(row);
    },

    rotate: async (id, { tokenHash, idleUntil, rotation }) => {
      const data = { tokenHash, idleUntil: BigInt(idleUntil), expiresAt: toDate(idleUntil), ...toColumns(rotation) };
      // Of concurrent callers, only the first finds the token: the row lock makes the others wait.
      return (await families.updateMany({ where: { id, tokenHash: rotation.previousHash }, data })).count === 1;
    },

    end: async (id) => { await families.deleteMany({ where: { id } }); },

    endNamed: async (name, createdBefore) => {
      const where = whereNamed(name);
      if (where === undefined) return;
      await families.deleteMany({ where: { ...where, createdAt: { lt: BigInt(Math.ceil(createdBefore)) } } });
    },

    endAll: async () => { await families.deleteMany(); },

    sweep: (before, limit) => deleteExpired(db, "refresh_tokens", before, limit),

    forgetRotations: async (before) => {
      const where = { rotatedAt: { lte: BigInt(Math.floor(before)) } };
      await families.updateMany({ where, data: toColumns(undefined) });
    },
  };
}

/** Undefined for a name that no family has: that of a token or of a key. */
function whereNamed(named: Name): Partial<Pick<Row, "sub" | "sid" | "clientId">> | undefined {
  const { name: { scope, value }, clientId } = partsOf(named);
  const text = replaceNul(value);
  if (scope === "client_id") return { clientId: text };
  if (scope === "sub" || scope === "sid") return { [scope]: text, ...(clientId !== undefined && { clientId }) };
  return undefined;
}

const toColumns = (rotation: Rotation | undefined) => ({
  previousHash: rotation?.previousHash ?? null,
  rotatedAt: rotation === undefined ? null : BigInt(rotation.rotatedAt),
  answer: rotation?.answer ?? null,
});

const toRow = ({ rotation, grant, createdAt, idleUntil, endsAt, ...family }: RefreshTokenFamily) => ({
  ...family,
  ...toColumns(rotation),
  authorized: grant as unknown as Json,
  createdAt: BigInt(createdAt),
  idleUntil: BigInt(idleUntil),
  endsAt: BigInt(endsAt),
  expiresAt: toDate(idleUntil),
});

const toFamily = ({
  previousHash, rotatedAt, answer, authorized, createdAt, idleUntil, endsAt, expiresAt: _, ...row
}: Row): RefreshTokenFamily => ({
  ...row,
  rotation: previousHash === null || rotatedAt === null || answer === null ? undefined
    : { previousHash, rotatedAt: Number(rotatedAt), answer },
  grant: authorized as unknown as RefreshGrant,
  createdAt: Number(createdAt),
  idleUntil: Number(idleUntil),
  endsAt: Number(endsAt),
});
