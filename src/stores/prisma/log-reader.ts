import pg from "pg";
import { isPostgres, sqlitePath } from "../../config/database-url.js";
import { PostgresClient } from "./postgres-client.js";
import { clientConfig, findTarget, QUERY_TIMEOUT, UNLIMITED } from "./postgres-target.js";

/** A row of the revocation log. */
export type LogRow = [
  position: number, tag: string, scope: string, value: string, issuedBefore: number, expiresAt: number,
  statusListId: string | null, statusIndex: number | null,
];

/**
 * Reads the log over a connection of its own, without Prisma: each live check waits for such a read, and Prisma's part
 * of it would cost more than everything else in the check. `from` and `limit` are integers.
 */
export interface LogReader { read(from: number, limit: number): Promise<LogRow[]>; close(): Promise<void> }

const SELECT = `SELECT position, tag, scope, value, issued_before, expires_at, status_list_id, status_index
  FROM revocation_log WHERE position >=`;

export async function openLogReader(url: string): Promise<LogReader> {
  return isPostgres(url) ? postgresReader(url) : sqliteReader(sqlitePath(url));
}

async function postgresReader(url: string): Promise<LogReader> {
  const { schema } = await findTarget(url);
  const types = new pg.TypeOverrides();
  types.setTypeParser(pg.types.builtins.INT8, Number);
  const config = {
    ...clientConfig(url), schema, limits: UNLIMITED, query_timeout: QUERY_TIMEOUT, max: 1, types, Client: PostgresClient as unknown as pg.PoolConfig["Client"],
  };
  const pool = new pg.Pool(config);
  pool.on("error", () => undefined); // a lost idle connection: the next read connects again
  return {
    // No placeholders: PostgreSQL then needs one message, and PgBouncer no prepared statements.
    read: async (from, limit) => {
      const text = `${SELECT} ${Math.trunc(from)} ORDER BY position LIMIT ${Math.trunc(limit)}`;
      return (await pool.query<LogRow>({ text, rowMode: "array" })).rows;
    },
    close: () => pool.end(),
  };
}

async function sqliteReader(path: string): Promise<LogReader> {
  const { openSqlite, retryWhileBusy } = await import("./sqlite.js");
  const db = openSqlite(path);
  db.exec("PRAGMA query_only = ON; PRAGMA busy_timeout = 0; PRAGMA cache_size = -256");
  const statement = db.prepare<unknown[]>(`${SELECT} ? ORDER BY position LIMIT ?`).raw(true);
  return {
    read: (from, limit) => retryWhileBusy(() => statement.all([from, limit]) as LogRow[]),
    close: async () => { db.close(); },
  };
}
