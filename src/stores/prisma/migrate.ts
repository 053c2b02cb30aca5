import { type Progress, readMigrations } from "./migrations.js";
import { isPostgres, sqlitePath } from "../../config/database-url.js";

/**
 * Applies every migration that the database lacks and returns their names. Several processes may run it at once: each
 * migration is one transaction under a lock, for which it waits without limit. Uses Prisma's own ledger, so that
 * `prisma migrate` works afterwards too.
 */
export async function migrate(url: string, progress: Progress = () => undefined): Promise<string[]> {
  const { apply, target, all } = await migrations(url);
  return apply(target, all, progress);
}

/** The names of the migrations that the database lacks. Changes nothing and creates no SQLite file. */
export async function pendingMigrations(url: string): Promise<string[]> {
  const { pending, target, all } = await migrations(url);
  return (await pending(target, all)).map(({ name }) => name);
}

/** Loads only the driver in use. */
async function migrations(url: string) {
  const all = readMigrations(url);
  if (!isPostgres(url)) return { ...await import("./migrate-sqlite.js"), target: sqlitePath(url), all };
  return { ...await import("./migrate-postgres.js"), target: url, all };
}
