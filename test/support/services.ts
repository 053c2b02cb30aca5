import { randomBytes } from "node:crypto";
import { accessSync, constants, mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { Redis } from "ioredis";
import pg from "pg";
import type { Test } from "tap";

/** What the suites ask of a test: a place to say that they were skipped, and to clean up. */
export type Suite = Pick<Test, "teardown" | "pass">;

/** Says loudly, by name, what a machine lacks; where everything has to be there, that is a failure. */
export function missing(t: Suite, what: string): undefined {
  if (process.env.AUTHFLOW_REQUIRE_SERVICES === "1")
    throw new Error(`${what} is required (AUTHFLOW_REQUIRE_SERVICES=1) and was not found`);
  t.pass(what, { skip: `SKIPPED: ${what} was not found` });
  return undefined;
}

export function temporaryFolder(t: Suite): string {
  const folder = mkdtempSync(join(tmpdir(), "authflow-test-"));
  t.teardown(() => { rmSync(folder, { recursive: true, force: true }); });
  return folder;
}

export const sqlite = (t: Suite): string => `file:${join(temporaryFolder(t), "authflow.db")}`;

/** The URL of a fresh PostgreSQL database, dropped afterwards. */
export async function postgres(t: Suite): Promise<string | undefined> {
  const given = process.env.DATABASE_URL;
  const server = given?.startsWith("postgres") ? given : "postgres://postgres@127.0.0.1:5432/postgres";
  if (!await listens(new URL(server), 5432)) return missing(t, "PostgreSQL (DATABASE_URL or 127.0.0.1:5432)");
  const name = `authflow_test_${randomBytes(6).toString("hex")}`;
  await administer(server, `CREATE DATABASE ${name}`);
  t.teardown(() => administer(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

async function administer(server: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  await client.query(sql).finally(() => client.end());
}

/** The URL of the shared Redis with a key prefix of its own, whose keys are deleted afterwards. */
export async function redis(t: Suite): Promise<string | undefined> {
  const server = process.env.REDIS_URL ?? "redis://127.0.0.1:6379";
  if (!await listens(new URL(server), 6379)) return missing(t, "Redis (REDIS_URL or 127.0.0.1:6379)");
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

function listens(url: URL, standardPort: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(Number(url.port || standardPort), url.hostname);
    const settle = (answer: boolean) => () => { socket.destroy(); resolve(answer); };
    socket.setTimeout(2000, settle(false)).once("connect", settle(true)).once("error", settle(false));
  });
}
