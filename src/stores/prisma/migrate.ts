import { readMigrations } from "./migrations.js";
import { isPostgres, sqlitePath } from "../../config/database-url.js";

/**
 * Applies every migration the database lacks and returns their names. Safe to run in several processes at once: each
 * migration is one transaction under a lock. Keeps Prisma's own ledger, so that `prisma migrate` can take over.
 */
export async function migrate(url: string): Promise<string[]> {
  const { apply, place, all } = await migrations(url);
  return apply(place, all);
}

/** The names of the migrations the database lacks. Changes nothing, and makes no SQLite file. */
export async function pendingMigrations(url: string): Promise<string[]> {
  const { pending, place, all } = await migrations(url);
  return (await pending(place, all)).map(({ name }) => name);
}

/** Only the driver in use is loaded. */
async function migrations(url: string) {
  const all = readMigrations(url);
  if (!isPostgres(url)) return { ...await import("./migrate-sqlite.js"), place: sqlitePath(url), all };
  return { ...await import("./migrate-postgres.js"), place: url, all };
}
