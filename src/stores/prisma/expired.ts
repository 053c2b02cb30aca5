import type { Db } from "./db.js";

const KEYS = {
  finished_logins: "state_hash",
  login_challenges: "state_hash",
  authorization_codes: "code_hash",
  sessions: "sid",
  pushed_requests: "uri_hash",
  refresh_tokens: "id",
  status_lists: "id",
  status_batches: "list_id, sequence",
  used_values: "hash",
};

/**
 * Deletes up to `limit` rows with expires_at <= `before` (epoch ms); returns how many. SKIP LOCKED prevents a deadlock
 * between replicas that delete the same rows in different orders. Another replica is deleting the skipped rows.
 */
export function deleteExpired(
  { prisma, postgres }: Db,
  table: keyof typeof KEYS,
  before: number,
  limit: number,
): Promise<number> {
  const key = KEYS[table]; // table and key come from the constant above, never from a request
  const [instant, count] = postgres ? ["$1", "$2"] : ["?", "?"];
  return prisma.$executeRawUnsafe(
    `DELETE FROM ${table} WHERE (${key}) IN (
      SELECT ${key} FROM ${table} WHERE expires_at <= ${instant} ORDER BY expires_at LIMIT ${count}
      ${postgres ? "FOR UPDATE SKIP LOCKED" : ""})`,
    new Date(before),
    limit,
  );
}
