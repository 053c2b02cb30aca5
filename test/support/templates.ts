import { randomBytes } from "node:crypto";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Sqlite from "libsql";
import { migrate } from "../../src/stores/prisma/migrate.js";
import { postgresFault, postgresServer } from "./servers.js";
import { rowsOf } from "./sql.js";

/** Where a run keeps a migrated database of each dialect, which its tests copy: a file, and a database's name. */
const SQLITE = "AUTHFLOW_TEST_SQLITE_TEMPLATE";
const POSTGRES = "AUTHFLOW_TEST_POSTGRES_TEMPLATE";

export interface Templates { env: Record<string, string>; drop(): Promise<void> }

/** Made once for all processes of a run, which get `env`. */
export async function makeTemplates(): Promise<Templates> {
  const folder = mkdtempSync(join(tmpdir(), "authflow-template-"));
  const env: Record<string, string> = { [SQLITE]: join(folder, "authflow.db") };
  await migrate(`file:${env[SQLITE]}`);
  const db = new Sqlite(env[SQLITE] as string);
  db.exec("PRAGMA wal_checkpoint(TRUNCATE)"); // all of it into the one file that is copied
  db.close();
  const server = postgresServer();
  if (await postgresFault(server) === undefined) {
    const name = `authflow_template_${randomBytes(6).toString("hex")}`;
    await rowsOf(server, `CREATE DATABASE ${name}`);
    await migrate(databaseAt(server, name));
    // PostgreSQL does not copy a template with open connections.
    await rowsOf(server, `ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
    env[POSTGRES] = name;
  }
  return {
    env,
    drop: async () => {
      rmSync(folder, { recursive: true, force: true });
      if (env[POSTGRES] !== undefined) await rowsOf(server, `DROP DATABASE ${env[POSTGRES]}`);
    },
  };
}

/** Makes a migrated SQLite database at `path`, where there is none. */
export async function migrateSqlite(path: string): Promise<void> {
  const template = process.env[SQLITE];
  if (template !== undefined) copyFileSync(template, path);
  else await migrate(`file:${path}`);
}

/** Makes a migrated database `name` on a PostgreSQL server. */
export async function createMigrated(server: string, name: string): Promise<void> {
  const template = process.env[POSTGRES];
  await rowsOf(server, `CREATE DATABASE ${name}${template === undefined ? "" : ` TEMPLATE ${template}`}`);
  if (template === undefined) await migrate(databaseAt(server, name));
}

export function databaseAt(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}
