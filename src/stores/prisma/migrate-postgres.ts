import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { driverCode } from "./driver-errors.js";
import { type Applied, type Migration, pendingOf, type Progress } from "./migrations.js";
import type { PostgresClient } from "./postgres-client.js";
import { clientConfig, findTarget, type PostgresTarget, UNLIMITED, withClient } from "./postgres-target.js";

const ADVISORY_LOCK = 72707369; // the key that Prisma Migrate uses

/**
 * Milliseconds that a migration waits for a table which an open transaction uses. Behind it wait all other queries of
 * that table, of the running replicas too: it must give up, and let them through during the pause.
 */
const [LOCK_TIMEOUT, PAUSE] = [500, 3000];
const LOCK_NOT_AVAILABLE = "55P03";
const WAITING = "waiting for open transactions to end, which use a table that a migration changes (pg_stat_activity)";

/** Statements on Prisma's ledger; `ledger` is its name with its schema. */
const create = (ledger: string): string => `CREATE TABLE IF NOT EXISTS ${ledger} (
    id                      VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum                VARCHAR(64) NOT NULL,
    finished_at             TIMESTAMPTZ,
    migration_name          VARCHAR(255) NOT NULL,
    logs                    TEXT,
    rolled_back_at          TIMESTAMPTZ,
    started_at              TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count     INTEGER NOT NULL DEFAULT 0
)`;
const read = (ledger: string): string =>
  `SELECT migration_name, checksum, finished_at, rolled_back_at FROM ${ledger}`;
const EXISTS = "SELECT to_regclass($1) IS NOT NULL AS known";
const record = (ledger: string): string =>
  `INSERT INTO ${ledger} (id, checksum, migration_name, finished_at, applied_steps_count)
  VALUES ($1, $2, $3, clock_timestamp(), 1)`;

export function apply(url: string, all: Migration[], progress: Progress): Promise<string[]> {
  return withLedger(url, async (client, ledger, { schema, exists }) => {
    /** One transaction, which takes the lock and reads the ledger again. `say`: as `progress`. */
    const applyNext = async (say: Progress): Promise<Migration | undefined> => {
      await client.query("BEGIN");
      say("waiting for the lock of the migrations");
      await client.query("SELECT pg_advisory_xact_lock($1)", [ADVISORY_LOCK]);
      if (!exists) await client.query(`CREATE SCHEMA IF NOT EXISTS ${pg.escapeIdentifier(schema)}`);
      await client.query(create(ledger));
      const [next] = await lacking(client, ledger, all);
      if (next !== undefined) {
        say(`applying the migration ${next.name}`);
        await client.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT}`);
        await client.query(next.sql); // simple protocol: any number of statements
        await client.query(record(ledger), [randomUUID(), next.checksum, next.name]);
      }
      await client.query("COMMIT");
      return next;
    };
    const done: string[] = [];
    let say = progress;
    if ((await lacking(client, ledger, all)).length === 0) return done;
    for (;;) {
      try {
        const next = await applyNext(say);
        if (next === undefined) return done;
        done.push(next.name);
        say = progress;
      } catch (error) {
        if (driverCode(error) !== LOCK_NOT_AVAILABLE) throw error;
        await client.query("ROLLBACK");
        if (say === progress) progress(WAITING);
        say = () => undefined; // it goes on waiting
        await sleep(PAUSE);
      }
    }
  });
}

export function pending(url: string, all: Migration[]): Promise<Migration[]> {
  return withLedger(url, (client, ledger) => lacking(client, ledger, all));
}

async function lacking(client: pg.Client, ledger: string, all: Migration[]): Promise<Migration[]> {
  const { rows: [found] } = await client.query<{ known: boolean }>(EXISTS, [ledger]);
  return pendingOf(all, found?.known === true ? (await client.query<Applied>(read(ledger))).rows : []);
}

async function withLedger<T>(
  url: string,
  work: (client: PostgresClient, ledger: string, target: PostgresTarget) => Promise<T>,
): Promise<T> {
  const target = await findTarget(url);
  const ledger = `${pg.escapeIdentifier(target.schema)}._prisma_migrations`;
  const config = { ...clientConfig(url), schema: target.schema, limits: UNLIMITED };
  return withClient(config, (client) => work(client, ledger, target));
}
