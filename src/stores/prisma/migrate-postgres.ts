import { randomUUID } from "node:crypto";
import pg from "pg";
import { CONNECT_TIMEOUT_MS } from "./db.js";
import { type Applied, type Migration, pendingOf } from "./migrations.js";

const ADVISORY_LOCK = 72707369; // the key that Prisma Migrate uses
const LEDGER = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
    id                      VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum                VARCHAR(64) NOT NULL,
    finished_at             TIMESTAMPTZ,
    migration_name          VARCHAR(255) NOT NULL,
    logs                    TEXT,
    rolled_back_at          TIMESTAMPTZ,
    started_at              TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count     INTEGER NOT NULL DEFAULT 0
)`;
const READ = "SELECT migration_name, checksum, finished_at, rolled_back_at FROM _prisma_migrations";
const EXISTS = "SELECT to_regclass('_prisma_migrations') IS NOT NULL AS known";
const RECORD = `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
  VALUES ($1, $2, $3, clock_timestamp(), 1)`;

export function apply(url: string, all: Migration[]): Promise<string[]> {
  return withClient(url, async (client) => {
    const done: string[] = [];
    if ((await lacking(client, all)).length === 0) return done;
    for (;;) { // one transaction per migration, which takes the lock and reads the ledger again
      await client.query("BEGIN");
      await client.query("SELECT pg_advisory_xact_lock($1)", [ADVISORY_LOCK]);
      await client.query(LEDGER);
      const [next] = await lacking(client, all);
      if (next !== undefined) {
        await client.query(next.sql); // simple protocol: any number of statements
        await client.query(RECORD, [randomUUID(), next.checksum, next.name]);
      }
      await client.query("COMMIT");
      if (next === undefined) return done;
      done.push(next.name);
    }
  });
}

export function pending(url: string, all: Migration[]): Promise<Migration[]> {
  return withClient(url, (client) => lacking(client, all));
}

async function lacking(client: pg.Client, all: Migration[]): Promise<Migration[]> {
  const { rows: [ledger] } = await client.query<{ known: boolean }>(EXISTS);
  return pendingOf(all, ledger?.known === true ? (await client.query<Applied>(READ)).rows : []);
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  client.on("error", () => {}); // without a listener the event would end the process; queries reject anyway
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end(); // an open transaction is rolled back, the lock released
  }
}
