import pg from "pg";
import { postgresParameters } from "../../config/database-url.js";
import { PostgresClient, type PostgresClientConfig } from "./postgres-client.js";

/** Milliseconds. A server that is dead or frozen must not make callers wait without end. */
const CONNECT_TIMEOUT = 5000;
export const QUERY_TIMEOUT = 7000;

/** What a PostgreSQL URL leads to. */
export interface PostgresTarget {
  /** The schema with Authflow's tables, or where they will be made. */
  schema: string;
  exists: boolean;
}

export const clientConfig = (url: string): pg.ClientConfig => ({
  connectionString: url,
  connectionTimeoutMillis: CONNECT_TIMEOUT,
  keepAlive: true,
  fallback_application_name: "authflow",
});

/** No limits: for migrations, which may take and wait as long as they need. */
export const UNLIMITED = { statement: 0, idleInTransaction: 0 };

/** Runs `work` with a connection of its own, which ends afterwards: an open transaction is then rolled back. */
export async function withClient<T>(
  config: PostgresClientConfig,
  work: (client: PostgresClient) => Promise<T>,
): Promise<T> {
  const client = new PostgresClient(config);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

interface Row { encoding: string; creates: string | null; holds: string | null; wanted: string | null; exists: boolean }

/** `holds`: the first schema of the search path with Authflow's tables; `creates`: where a new table would be. */
const LOCATE = `
  WITH path AS (
    SELECT name::text, place FROM unnest(current_schemas(false)) WITH ORDINALITY AS schemas (name, place)
    UNION ALL SELECT $1::text, 0
  ), holders AS (
    SELECT name, place FROM path JOIN pg_namespace ON nspname = name WHERE (
      SELECT count(*) FROM pg_class
      WHERE relnamespace = pg_namespace.oid AND relname IN ('_prisma_migrations', 'installation')) = 2
  )
  SELECT current_setting('server_encoding') AS encoding, current_schema()::text AS creates,
    (SELECT name FROM holders WHERE place > 0 ORDER BY place LIMIT 1) AS holds,
    (SELECT name FROM holders WHERE place = 0) AS wanted,
    EXISTS (SELECT FROM pg_namespace WHERE nspname = $1::text) AS exists`;

const HIDDEN = `
  SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
  WHERE nspname = $1::text AND relkind = 'r' AND row_security_active(pg_class.oid) ORDER BY relname LIMIT 1`;

/** Finds Authflow's schema. Changes nothing. Rejects if Authflow can't work with this database. */
export function findTarget(url: string): Promise<PostgresTarget> {
  const { schema: wanted } = postgresParameters(url);
  const config = { ...clientConfig(url), limits: UNLIMITED, query_timeout: QUERY_TIMEOUT };
  return withClient(config, async (client) => {
    const row = (await client.query<Row>(LOCATE, [wanted])).rows[0] as Row;
    if (row.encoding !== "UTF8") {
      throw new Error(`its encoding is ${row.encoding}, which can't hold every text: make one with ` +
        "CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0");
    }
    if (client.pooled) await refuseStatementMode(client);
    const found = row.holds ?? row.creates;
    if (found !== null) await refuseUnlogged(client, found);
    if (client.pooled && found !== null) await refuseRowSecurity(client, found);
    if (wanted === undefined) {
      if (found === null) throw new Error("its search_path names no schema that exists: CREATE SCHEMA, or set schema=");
      return { schema: found, exists: true };
    }
    if (row.wanted === null && row.holds !== null) {
      throw new Error(`DATABASE_URL says schema=${wanted}, but Authflow's tables are in the schema ${row.holds}: ` +
        `say schema=${row.holds} (earlier versions ignored schema=), or leave ${row.holds} out of the search_path`);
    }
    if (client.pooled && found !== wanted) {
      throw new Error(`a pooler such as PgBouncer can't keep schema=${wanted} of DATABASE_URL: ` +
        `ALTER ROLE … SET search_path = ${pg.escapeIdentifier(wanted)}`);
    }
    return { schema: wanted, exists: row.exists };
  });
}

async function refuseStatementMode(client: PostgresClient): Promise<void> {
  try {
    await client.query("BEGIN");
    await client.query("COMMIT");
  } catch (error) {
    if (!/statement pooling/i.test((error as Error).message)) throw error;
    throw new Error("PgBouncer's pool_mode is statement, in which there are no transactions: " +
      "set pool_mode to session or transaction", { cause: error });
  }
}

const UNLOGGED_TABLE = `
  SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
  WHERE nspname = $1::text AND relname = 'revocation_log' AND relpersistence = 'u'`;

/** A crash or a failover empties an unlogged table, and each token that was revoked would be accepted again. */
async function refuseUnlogged(client: PostgresClient, schema: string): Promise<void> {
  if ((await client.query(UNLOGGED_TABLE, [schema])).rows.length === 0) return;
  throw new Error("revocation_log is UNLOGGED, so that a crash empties it: ALTER TABLE revocation_log SET LOGGED");
}

/** Without a pooler, each session is set so that a query fails instead of being shown a part of the rows. */
async function refuseRowSecurity(client: PostgresClient, schema: string): Promise<void> {
  const { rows: [hidden] } = await client.query<{ relname: string }>(HIDDEN, [schema]);
  if (hidden === undefined) return;
  throw new Error(`row-level security hides rows of ${hidden.relname} from its user, and a pooler such as PgBouncer ` +
    `can't keep row_security = off: ALTER TABLE ${hidden.relname} DISABLE ROW LEVEL SECURITY, or let DATABASE_URL ` +
    "name the user who owns the table");
}
