import type { Db } from "./db.js";

const KEYS = {
  revocations: "jti", logins: "state_hash", authorization_codes: "code_hash",
  status_lists: "id", status_batches: "list_id, sequence", status_revocations: "list_id, idx",
};

/**
 * Deletes up to `limit` rows with expires_at <= `before` (epoch ms); returns how many. SKIP LOCKED: replicas that sweep
 * the same rows in different orders would end in a deadlock. What one skips is another's work in progress.
 */
export function deleteExpired({ prisma, postgres }: Db, table: keyof typeof KEYS, before: number, limit: number): Promise<number> {
  const key = KEYS[table]; // both from the list above: never a caller's text
  const [instant, count] = postgres ? ["$1", "$2"] : ["?", "?"];
  return prisma.$executeRawUnsafe(
    `DELETE FROM ${table} WHERE (${key}) IN (
      SELECT ${key} FROM ${table} WHERE expires_at <= ${instant} ORDER BY expires_at LIMIT ${count}
      ${postgres ? "FOR UPDATE SKIP LOCKED" : ""})`,
    new Date(before),
    limit,
  );
}
