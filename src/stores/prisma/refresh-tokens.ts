import { type Name, partsOf } from "../../revocation/entry.js";
import type { RefreshGrant, RefreshTokenFamily, RefreshTokenStore } from "../../sessions/refresh-token.js";
import { type Batch, readBatch, type RunBatch } from "./batch.js";
import type { Db } from "./db.js";
import { deleteExpired } from "./expired.js";
import type { RefreshToken as Row } from "./generated/sqlite/client.js";
import { toColumn } from "./instant.js";
import { replaceNul } from "./text.js";

export const REFRESH_TOKEN_COLUMNS = [
  "id", "token_hash", "previous_hash", "rotated_at", "client_id", "sub", "sid", "authorized", "created_at",
  "idle_until", "ends_at", "expires_at",
];
const FIND = readBatch("refresh_tokens", "id", {
  plain: REFRESH_TOKEN_COLUMNS.filter((name) => name !== "authorized" && name !== "expires_at"), json: ["authorized"],
});
const ROTATED = ["token_hash", "previous_hash", "rotated_at", "answer", "idle_until", "expires_at"];

const START: Batch = {
  sqlite: [`
    INSERT INTO refresh_tokens (${REFRESH_TOKEN_COLUMNS.join(", ")})
    SELECT ${REFRESH_TOKEN_COLUMNS.map((name) => `value->>'${name}'`).join(", ")} FROM json_each(?)`],
  postgres: `
    INSERT INTO refresh_tokens (${REFRESH_TOKEN_COLUMNS.join(", ")})
    SELECT ${REFRESH_TOKEN_COLUMNS.join(", ")} FROM json_populate_recordset(NULL::refresh_tokens, $1::json)`,
};

/** Of concurrent callers, only the first finds the token: the row lock makes the others wait. */
const ROTATE: Batch = {
  sqlite: [`
    UPDATE refresh_tokens SET ${ROTATED.map((name) => `${name} = given.value->>'${name}'`).join(", ")}
    FROM json_each(?) AS given
    WHERE refresh_tokens.id = given.value->>'id' AND token_hash = given.value->>'previous_hash'
    RETURNING token_hash`],
  // Locked in order: replicas that rotate the same tokens would otherwise wait for each other.
  postgres: `
    WITH given AS (SELECT * FROM json_populate_recordset(NULL::refresh_tokens, $1::json)), locked AS (
      SELECT family.id FROM refresh_tokens AS family
      JOIN given ON family.id = given.id AND family.token_hash = given.previous_hash
      ORDER BY family.id FOR UPDATE OF family
    )
    UPDATE refresh_tokens AS family SET ${ROTATED.map((name) => `${name} = given.${name}`).join(", ")}
    FROM given
    WHERE family.id = given.id AND family.token_hash = given.previous_hash AND family.id IN (SELECT id FROM locked)
    RETURNING family.token_hash`,
};

export function refreshTokenStore(db: Db, batch: RunBatch): RefreshTokenStore {
  const { refreshToken: families } = db.prisma;
  return {
    start: async (started) => { await batch(START, started.map((family) => refreshTokenRow(family, db))); },

    findAll: async (ids) => (await batch(FIND, ids.map(replaceNul))).map(toFamily),

    rotate: async (rotations) => {
      const rows = rotations.map(({ id, tokenHash, issuedAt, previousHash, idleUntil, answer }) => ({
        id, token_hash: tokenHash, previous_hash: previousHash, rotated_at: issuedAt, answer,
        idle_until: idleUntil, expires_at: toColumn(idleUntil, db),
      }));
      const done = new Set(await batch(ROTATE, rows));
      return rows.map((row) => done.has(row.token_hash));
    },

    answerTo: async (id, previousHash) => {
      const found = await families.findFirst({ where: { id, previousHash }, select: { answer: true } });
      return found?.answer ?? undefined;
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
      // Not `not: null`, for which SQLite reads all rows.
      const where = { previousHash: { gt: "" }, issuedAt: { lte: BigInt(Math.floor(before)) } };
      await families.updateMany({ where, data: { previousHash: null, answer: null } });
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

/** The columns by their names. */
export const refreshTokenRow = (
  { tokenHash, issuedAt, previousHash, clientId, grant, createdAt, idleUntil, endsAt, ...same }: RefreshTokenFamily,
  db: Db,
): Record<string, unknown> => ({
  ...same, token_hash: tokenHash, previous_hash: previousHash, rotated_at: issuedAt,
  client_id: clientId, authorized: grant, created_at: createdAt,
  idle_until: idleUntil, ends_at: endsAt, expires_at: toColumn(idleUntil, db),
});

interface FoundRow {
  id: string;
  token_hash: string;
  previous_hash: string | null;
  rotated_at: number | null;
  client_id: string;
  sub: string;
  sid: string;
  authorized: RefreshGrant;
  created_at: number;
  idle_until: number;
  ends_at: number;
}

function toFamily(found: string): RefreshTokenFamily {
  const row = JSON.parse(found) as FoundRow;
  const { id, token_hash: tokenHash, sub, sid } = row;
  return {
    id, tokenHash, clientId: row.client_id, sub, sid, grant: row.authorized,
    issuedAt: row.rotated_at ?? row.idle_until, // if it is not known, an instant so late that `idleUntil` alone counts
    previousHash: row.previous_hash ?? undefined,
    createdAt: row.created_at, idleUntil: row.idle_until, endsAt: row.ends_at,
  };
}
