import pg from "pg";
import { isPostgres, sqlitePath } from "../../config/database-url.js";
import { PostgresClient } from "./postgres-client.js";
import { clientConfig, findTarget, UNLIMITED } from "./postgres-target.js";

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

/** Milliseconds. Short, so that a replica is current again soon after it was cut off. */
const TIMEOUTS = { connectionTimeoutMillis: 2000, query_timeout: 5000 };

async function postgresReader(url: string): Promise<LogReader> {
  const { schema } = await findTarget(url);
  const types = new pg.TypeOverrides();
  types.setTypeParser(pg.types.builtins.INT8, Number);
  const pool = new pg.Pool({
    ...clientConfig(url), ...TIMEOUTS, max: 1, types, schema, limits: UNLIMITED,
    Client: PostgresClient as unknown as pg.PoolConfig["Client"],
  } as pg.PoolConfig);
  pool.on("error", () => undefined); // a lost idle connection: the next read connects again
  return {
    read: async (from, limit) => {
      const client = await pool.connect();
      // No placeholders: PostgreSQL then needs one message, and PgBouncer no prepared statements.
      const text = `${SELECT} ${Math.trunc(from)} ORDER BY position LIMIT ${Math.trunc(limit)}`;
      return await client.query<LogRow>({ text, rowMode: "array" }).then(
        ({ rows }) => { client.release(); return rows; },
        (error: Error) => { client.release(true); throw error; }, // the next read gets a new connection
      );
    },
    close: () => pool.end(),
  };
}

async function sqliteReader(path: string): Promise<LogReader> {
  const { openSqlite, retryWhileBusy } = await import("./sqlite.js");
  const db = openSqlite(path);
  db.exec("PRAGMA query_only = ON; PRAGMA busy_timeout = 0; PRAGMA cache_size = -256");
  // All rows as one text: the driver takes several times as long for the same rows one by one.
  const statement = db.prepare<unknown[]>(`
    SELECT json_group_array(json_array(
      position, tag, scope, value, issued_before, expires_at, status_list_id, status_index) ORDER BY position) AS rows
    FROM (${SELECT} ? ORDER BY position LIMIT ?)`);
  return {
    read: (from, limit) => retryWhileBusy(() => {
      const { rows } = statement.get([from, limit]) as { rows: string };
      return JSON.parse(rows) as LogRow[];
    }),
    close: async () => { db.close(); },
  };
}
