import pg from "pg";
import { type DirectConnection, LOG_COLUMNS, type LogRow } from "./direct-connection.js";
import { findHistory } from "./history.js";
import type { PostgresAdapter } from "./postgres-adapter.js";
import { PostgresClient } from "./postgres-client.js";
import { clientConfig, findTarget, UNLIMITED } from "./postgres-target.js";

/** Milliseconds. Short, so that a replica is current again soon after it was cut off. */
const TIMEOUTS = { connectionTimeoutMillis: 2000, query_timeout: 5000 };

/** Statements run on the connections of `adapter`, the log is read on another one. */
export async function openDirectly(url: string, adapter: PostgresAdapter): Promise<DirectConnection> {
  const { schema } = await findTarget(url);
  const types = new pg.TypeOverrides();
  types.setTypeParser(pg.types.builtins.INT8, Number);
  const pool = new pg.Pool({
    ...clientConfig(url), ...TIMEOUTS, max: 1, types, schema, limits: UNLIMITED,
    Client: PostgresClient as unknown as pg.PoolConfig["Client"],
  } as pg.PoolConfig);
  pool.on("error", () => undefined); // a lost idle connection: the next read connects again
  let found: Promise<string> | undefined;
  const forget = (error: unknown): never => {
    found = undefined; // the next server may tell less, or more
    throw error;
  };
  const history = () => found ??= findHistory(pool).catch(forget);
  const select = async (text: string): Promise<unknown[][]> => {
    // No placeholders: PostgreSQL then needs one message, and PgBouncer no prepared statements.
    const { rows } = await pool.query<unknown[]>({ text, rowMode: "array" }).catch(forget);
    return rows;
  };
  return {
    readLog: async (from, limit) => {
      const rows = await select(`SELECT ${await history()}, ${LOG_COLUMNS} FROM revocation_log
        WHERE position >= ${Math.trunc(from)} ORDER BY position LIMIT ${Math.trunc(limit)}`);
      // Without a row it is asked for afterwards: the answer must not be taken for one of an earlier history.
      const [first] = rows.length > 0 ? rows : await select(`SELECT ${await history()}`);
      return { rows: rows.map(([, ...row]) => row as LogRow), history: first?.[0] as string | null };
    },
    history,
    run: ({ postgres: [sql, ...values] }) => adapter.run(sql, ...values),
    close: async () => { if (!pool.ending) await pool.end(); },
  };
}
