import type { AuthorizationCode, AuthorizationCodeStore } from "../../login/authorization-code.js";
import type { Authorized } from "../../tokens/authorized.js";
import type { IdentityClaims } from "../../tokens/claims.js";
import type { StatusReference } from "../../tokens/status-reference.js";
import { type Batch, readBatch, type RunBatch } from "./batch.js";
import type { Db, Json } from "./db.js";
import { deleteExpired } from "./expired.js";
import { toColumn } from "./instant.js";
import { REFRESH_TOKEN_COLUMNS, refreshTokenRow } from "./refresh-tokens.js";
import { replaceNul, storable } from "./text.js";

const FIND = readBatch("authorization_codes", "code_hash", {
  plain: ["code_hash", "client_id", "redirect_uri", "code_challenge", "jti", "status_list_id", "status_index"],
  json: ["claims", "authorized"],
  instants: ["expires_at"],
});
const CHANGED = ["jti", "expires_at", "claims", "authorized", "status_list_id", "status_index"];

/** Of concurrent callers, only the first finds `jti` null: the row lock makes the others wait. */
const EXCHANGE: Batch = {
  sqlite: [`
    UPDATE authorization_codes SET ${CHANGED.map((name) => `${name} = given.value->>'${name}'`).join(", ")}
    FROM json_each(?) AS given
    WHERE code_hash = given.value->>'code_hash' AND authorization_codes.jti IS NULL RETURNING jti`, `
    INSERT INTO refresh_tokens (${REFRESH_TOKEN_COLUMNS.join(", ")})
    SELECT ${REFRESH_TOKEN_COLUMNS.map((name) => `given.value->>'$.family.${name}'`).join(", ")}
    FROM json_each(?) AS given
    JOIN authorization_codes AS code ON code.code_hash = given.value->>'code_hash' AND code.jti = given.value->>'jti'
    WHERE given.value->'family' IS NOT NULL`],
  // Locked in order: replicas that exchange the same codes would otherwise wait for each other.
  postgres: `
    WITH given AS (
      SELECT code.*, item->'family' AS family
      FROM json_array_elements($1::json) AS item, json_populate_record(NULL::authorization_codes, item) AS code
    ), locked AS (
      SELECT code.code_hash FROM authorization_codes AS code JOIN given ON code.code_hash = given.code_hash
      WHERE code.jti IS NULL ORDER BY code.code_hash FOR UPDATE OF code
    ), exchanged AS (
      UPDATE authorization_codes AS code SET ${CHANGED.map((name) => `${name} = given.${name}`).join(", ")}
      FROM given
      WHERE code.code_hash = given.code_hash AND code.jti IS NULL AND code.code_hash IN (SELECT code_hash FROM locked)
      RETURNING code.jti
    ), started AS (
      INSERT INTO refresh_tokens (${REFRESH_TOKEN_COLUMNS.join(", ")})
      SELECT ${REFRESH_TOKEN_COLUMNS.map((name) => `row.${name}`).join(", ")}
      FROM exchanged JOIN given ON given.jti = exchanged.jti AND given.family IS NOT NULL,
        json_populate_record(NULL::refresh_tokens, given.family) AS row
    )
    SELECT jti FROM exchanged`,
};

export function authorizationCodeStore(db: Db, batch: RunBatch): AuthorizationCodeStore {
  const { authorizationCode: codes } = db.prisma;
  return {
    issue: async (code) => { await codes.create({ data: toRow(storable(code)) }); },

    findAll: async (hashes) => (await batch(FIND, hashes.map(replaceNul))).map(toCode),

    exchange: async (exchanges) => {
      const done = new Set(await batch(EXCHANGE, exchanges.map(({ code, token, family }) => ({
        code_hash: code.codeHash, jti: token.jti, expires_at: toColumn(token.expiresAt, db),
        claims: { sub: code.claims.sub, provider: code.claims.provider },
        authorized: code.authorized && { sid: code.authorized.sid },
        status_list_id: token.status?.listId, status_index: token.status?.index,
        family: family && refreshTokenRow(family, db),
      }))));
      return exchanges.map(({ token }) => done.has(token.jti));
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

interface FoundRow {
  code_hash: string;
  client_id: string;
  redirect_uri: string;
  code_challenge: string | null;
  claims: IdentityClaims;
  authorized: Authorized | null;
  expires_at: number;
  jti: string | null;
  status_list_id: string | null;
  status_index: number | null;
}

function toCode(found: string): AuthorizationCode {
  const row = JSON.parse(found) as FoundRow;
  const { code_hash: codeHash, client_id: clientId, redirect_uri: redirectUri, claims } = row;
  const { status_list_id: listId, status_index: index } = row;
  return {
    codeHash, clientId, redirectUri, claims,
    codeChallenge: row.code_challenge ?? undefined,
    authorized: row.authorized ?? undefined,
    expiresAt: row.expires_at,
    jti: row.jti ?? undefined,
    status: listId === null || index === null ? undefined : { listId, index },
  };
}
