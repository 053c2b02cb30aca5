import { migratePostgres, pendingPostgres } from "./migrate-postgres.js";
import { migrateSqlite, pendingSqlite } from "./migrate-sqlite.js";
import { readMigrations } from "./migrations.js";
import { isPostgres, sqlitePath } from "./url.js";

/**
 * Applies every migration the database lacks and returns their names. Safe to run in several processes at once: each
 * migration is one transaction under a lock. Keeps Prisma's own ledger, so that `prisma migrate` can take over.
 */
export async function migrate(url: string): Promise<string[]> {
  const all = readMigrations(url);
  return isPostgres(url) ? await migratePostgres(url, all) : migrateSqlite(sqlitePath(url), all);
}

/** The names of the migrations the database lacks. Changes nothing, and makes no SQLite file. */
export async function pendingMigrations(url: string): Promise<string[]> {
  const all = readMigrations(url);
  const pending = isPostgres(url) ? await pendingPostgres(url, all) : pendingSqlite(sqlitePath(url), all);
  return pending.map(({ name }) => name);
}
