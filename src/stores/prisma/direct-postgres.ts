import pg from "pg";
import { STANDBY } from "../../revocation/log.js";
import { type DirectConnection, LOG_COLUMNS, type LogRow } from "./direct-connection.js";
import { isUnsupported } from "./driver-errors.js";
import type { PostgresAdapter } from "./postgres-adapter.js";
import { PostgresClient } from "./postgres-client.js";
import { clientConfig, findTarget, UNLIMITED } from "./postgres-target.js";

/** Milliseconds. Short, so that a replica is current again soon after it was cut off. */
const TIMEOUTS = { connectionTimeoutMillis: 2000, query_timeout: 5000 };

/** The timeline of the write-ahead log: a standby that is promoted begins a new one. Evaluated once for all rows. */
const HISTORY = `(SELECT CASE WHEN pg_is_in_recovery() THEN '${STANDBY}'
  ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END)`;

/** Statements run on the connections of `adapter`, the log is read on another one. */
export async function openDirectly(url: string, adapter: PostgresAdapter): Promise<DirectConnection> {
  const { schema } = await findTarget(url);
  const types = new pg.TypeOverrides();
  types.setTypeParser(pg.types.builtins.INT8, Number);
  const pool = new pg.Pool({
    ...clientConfig(url), ...TIMEOUTS, max: 1, types, schema, limits: UNLIMITED,
    Client: PostgresClient as unknown as pg.PoolConfig["Client"],
  } as pg.PoolConfig);
  let history = HISTORY;
  pool.on("error", () => undefined); // a lost idle connection: the next read connects again
  pool.on("connect", () => { history = HISTORY; }); // perhaps to another server
  const readLog: DirectConnection["readLog"] = async (from, limit) => {
    const client = await pool.connect();
    // No placeholders: PostgreSQL then needs one message, and PgBouncer no prepared statements.
    const text = `SELECT ${LOG_COLUMNS}, ${history} FROM revocation_log
      WHERE position >= ${Math.trunc(from)} ORDER BY position LIMIT ${Math.trunc(limit)}`;
    try {
      const { rows } = await client.query<[...LogRow, string | null]>({ text, rowMode: "array" });
      client.release();
      return { rows: rows as unknown as LogRow[], history: rows[0]?.[8] ?? null };
    } catch (error) {
      const isUnknown = history === HISTORY && isUnsupported(error);
      client.release(!isUnknown); // after any other error the next read gets a new connection
      if (!isUnknown) throw error;
      history = "NULL";
      return readLog(from, limit);
    }
  };
  return {
    readLog,
    run: ({ postgres: [sql, ...values] }) => adapter.run(sql, ...values),
    close: async () => { if (!pool.ending) await pool.end(); },
  };
}
