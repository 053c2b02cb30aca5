import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isPostgres } from "../../config/database-url.js";
import { packageRoot } from "../../shared/package-root.js";

export interface Migration { name: string; sql: string; checksum: string }
export interface Applied { migration_name: string; checksum: string; finished_at: unknown; rolled_back_at: unknown }

/** Is called with what is being done, such as "waiting for …", before it is done. It may take minutes. */
export type Progress = (doing: string) => void;

/** Every migration for the URL's database, oldest first. */
export function readMigrations(url: string): Migration[] {
  const dir = join(packageRoot(), "prisma/migrations", isPostgres(url) ? "postgresql" : "sqlite");
  return readdirSync(dir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => {
      const sql = readFileSync(join(dir, name, "migration.sql"), "utf8");
      return { name, sql, checksum: createHash("sha256").update(sql).digest("hex") };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Those of `all` that were not applied. Throws if one was started and not finished, or edited after it was applied. */
export function pendingOf(all: Migration[], applied: Applied[]): Migration[] {
  const live = new Map(applied.filter((row) => row.rolled_back_at === null).map((row) => [row.migration_name, row]));
  return all.filter(({ name, checksum }) => {
    const row = live.get(name);
    if (row === undefined) return true;
    if (row.finished_at === null) throw new Error(`Migration ${name} was started and never finished`);
    if (row.checksum !== checksum) throw new Error(`Migration ${name} was edited after it was applied`);
    return false;
  });
}
