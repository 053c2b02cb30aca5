import { randomBytes } from "node:crypto";
import { accessSync, constants, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { Redis } from "ioredis";
import type { Test } from "tap";
import { postgresFault, postgresServer, redisFault } from "./servers.js";
import { rowsOf } from "./sql.js";
import { createMigrated, databaseAt, migrateSqlite } from "./templates.js";

/** What the suites ask of a test: a place to say that they were skipped, and to clean up. */
export type Suite = Pick<Test, "teardown" | "pass">;

/** Says loudly, by name, what a machine lacks; where everything has to be there, that is a failure. */
export function missing(t: Suite, what: string, fault = "was not found"): undefined {
  if (process.env.AUTHFLOW_REQUIRE_SERVICES === "1")
    throw new Error(`${what} is required (AUTHFLOW_REQUIRE_SERVICES=1) and ${fault}`);
  t.pass(what, { skip: `SKIPPED: ${what} ${fault}` });
  return undefined;
}

export function temporaryFolder(t: Suite): string {
  const folder = mkdtempSync(join(tmpdir(), "authflow-test-"));
  t.teardown(() => { rmSync(folder, { recursive: true, force: true }); });
  return folder;
}

/** The URL of a SQLite file that is not there yet. */
export const sqlite = (t: Suite): string => `file:${join(temporaryFolder(t), "authflow.db")}`;

/** The URL of a SQLite file with every migration applied. */
export async function migratedSqlite(t: Suite): Promise<string> {
  const url = sqlite(t);
  await migrateSqlite(url.slice("file:".length));
  return url;
}

/** The URL of a fresh, empty PostgreSQL database, dropped afterwards. */
export const postgres = (t: Suite): Promise<string | undefined> =>
  freshPostgres(t, (server, name) => rowsOf(server, `CREATE DATABASE ${name}`));

/** The same with every migration applied. */
export const migratedPostgres = (t: Suite): Promise<string | undefined> => freshPostgres(t, createMigrated);

async function freshPostgres(t: Suite, create: (server: string, name: string) => Promise<unknown>) {
  const server = postgresServer();
  const fault = await postgresFault(server);
  if (fault !== undefined) return missing(t, "PostgreSQL (DATABASE_URL or 127.0.0.1:5432)", fault);
  const name = `authflow_test_${randomBytes(6).toString("hex")}`;
  await create(server, name);
  t.teardown(() => rowsOf(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
  return databaseAt(server, name);
}

/** The URL of the shared Redis with a key prefix of its own, whose keys are deleted afterwards. */
export async function redis(t: Suite): Promise<string | undefined> {
  const server = process.env.REDIS_URL ?? "redis://127.0.0.1:6379";
  const fault = await redisFault(server);
  if (fault !== undefined) return missing(t, "Redis (REDIS_URL or 127.0.0.1:6379)", fault);
  const prefix = `authflow-test-${randomBytes(6).toString("hex")}:`;
  t.teardown(async () => {
    const client = new Redis(server);
    for await (const keys of client.scanStream({ match: `${prefix}*`, count: 1000 })) {
      if ((keys as string[]).length > 0) await client.del(keys as string[]);
    }
    await client.quit();
  });
  const url = new URL(server);
  url.searchParams.set("keyPrefix", prefix);
  return url.href;
}

export function binary(name: string): string | undefined {
  return (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, name)).find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
