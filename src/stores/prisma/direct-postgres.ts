import pg from "pg";
import { type DirectConnection, type LogRow, SELECT_LOG } from "./direct-connection.js";
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
  return {
    readLog: async (from, limit) => {
      const client = await pool.connect();
      // No placeholders: PostgreSQL then needs one message, and PgBouncer no prepared statements.
      const text = `${SELECT_LOG} ${Math.trunc(from)} ORDER BY position LIMIT ${Math.trunc(limit)}`;
      return await client.query<LogRow>({ text, rowMode: "array" }).then(
        ({ rows }) => { client.release(); return rows; },
        (error: Error) => { client.release(true); throw error; }, // the next read gets a new connection
      );
    },
    run: ({ postgres: [sql, ...values] }) => adapter.run(sql, ...values),
    close: async () => { if (!pool.ending) await pool.end(); },
  };
}
