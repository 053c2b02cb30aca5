import { randomInt } from "node:crypto";
import type { DatabaseCondition } from "../../shared/database-fault.js";
import type { Db } from "./db.js";
import { faultOf } from "./driver-errors.js";

const TABLES = [
  "installation", "clients", "signing_keys", "former_keys", "revocation_log_head", "replicas", "finished_logins",
  "login_challenges", "authorization_codes", "status_lists", "status_batches", "permission_uses", "refresh_tokens",
  "sessions", "pushed_requests", "consents", "used_values",
];
/** Fails if one of the tables is missing. */
const ALL_TABLES = `SELECT 1 FROM ${TABLES.join(", ")} WHERE 1 = 0`;

/** The tables into which PostgreSQL lets this role insert nothing: one that it may only read, for example. */
const CLOSED = `SELECT name FROM (VALUES ${TABLES.map((name) => `('${name}')`).join(", ")}) AS tables (name)
  WHERE name <> 'revocation_log_head' AND NOT has_table_privilege(name, 'INSERT')`;

/**
 * Whether the database accepts what a logout writes: an entry of the log, which is taken away again in the same
 * transaction, so that nobody sees it. Only a write shows a full disk, a limit or a standby that has to confirm.
 * Rejects if the database does not answer.
 */
export async function conditionOf({ transaction, postgres }: Db): Promise<DatabaseCondition> {
  const position = -randomInt(1, 2 ** 47); // never read; random, because a check of another replica would have to wait
  try {
    return await transaction(async (prisma) => {
      await prisma.$queryRawUnsafe(ALL_TABLES);
      if (postgres && (await prisma.$queryRawUnsafe<unknown[]>(CLOSED)).length > 0) return "denied";
      await prisma.$executeRaw`
        INSERT INTO revocation_log (position, tag, scope, value, issued_before, expires_at, recorded_at)
        VALUES (${position}, '', 'check', '', 0, 0, 0)`;
      await prisma.$executeRaw`DELETE FROM revocation_log WHERE position = ${position}`;
      // The permission, and no lock of its row: logouts would wait for it.
      await prisma.$executeRaw`UPDATE revocation_log_head SET position = position WHERE 1 = 0`;
      return "up";
    });
  } catch (error) {
    const fault = faultOf(error);
    if (fault === undefined) throw error;
    return fault;
  }
}
