import { Redis, ReplyError } from "ioredis";
import pg from "pg";
import { reason } from "../../src/shared/loggable-error.js";

/** How long a server may take to answer, in ms. */
const PATIENCE = 2000;

/** The server whose databases the tests make and drop. */
export function postgresServer(): string {
  const given = process.env.DATABASE_URL;
  return given?.startsWith("postgres") ? given : "postgres://postgres@127.0.0.1:5432/postgres";
}

/** Why the tests can't use the PostgreSQL at `url`, and what to set; undefined where they can. */
export async function postgresFault(url: string): Promise<string | undefined> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: PATIENCE });
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.end();
    return undefined;
  } catch (error) {
    await client.end().catch(() => undefined);
    const { code, message } = error as { code?: string; message: string };
    // SASL: pg's own error where the server asks for a password and the URL has none.
    if (message.startsWith("SASL") || code === INVALID_PASSWORD || code === INVALID_AUTHORIZATION)
      return `refuses to log in (${message}): set DATABASE_URL=postgres://USER:PASSWORD@${new URL(url).host}/postgres`;
    return "was not found";
  }
}

/** PostgreSQL's error codes, appendix A of its manual. */
const INVALID_PASSWORD = "28P01";
const INVALID_AUTHORIZATION = "28000";

/** Why the tests can't use the Redis at `url`, and what to set; undefined where they can. */
export async function redisFault(url: string): Promise<string | undefined> {
  const client = new Redis(url, { lazyConnect: true, connectTimeout: PATIENCE, commandTimeout: PATIENCE,
    retryStrategy: () => null });
  client.on("error", () => undefined);
  try {
    await client.ping();
    return undefined;
  } catch (error) {
    if (!(error instanceof ReplyError)) return "was not found";
    return `refuses commands (${reason(error)}): set REDIS_URL=redis://USER:PASSWORD@${new URL(url).host}`;
  } finally {
    client.disconnect();
  }
}
