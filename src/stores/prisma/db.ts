import type { Prisma, PrismaClient } from "./generated/sqlite/client.js";
import { isPostgres, sqlitePath } from "../../config/database-url.js";

/** The client of either database. SQLite's is the narrower: what it accepts, PostgreSQL accepts too. */
export interface Db { prisma: PrismaClient; postgres: boolean }
export type Transaction = Prisma.TransactionClient;
export type Json = Prisma.InputJsonValue;

/** Milliseconds. A dead or frozen database, or a frozen replica that holds a lock, must give an error, not a hang. */
export const CONNECT_TIMEOUT_MS = 5000;
const TIMEOUTS = {
  connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  statement_timeout: 5000,
  query_timeout: 7000,
  idle_in_transaction_session_timeout: 10_000,
};
const OPTIONS = { errorFormat: "minimal", transactionOptions: { maxWait: 10_000, timeout: 10_000 } } as const;

export async function connect(url: string): Promise<Db> {
  if (isPostgres(url)) {
    const [{ PrismaClient: PostgresClient }, { PrismaPg }] =
      await Promise.all([import("./generated/postgresql/client.js"), import("@prisma/adapter-pg")]);
    // The adapter listens to the pool's and its connections' errors: losing an idle one does not end the process.
    const adapter = new PrismaPg({ connectionString: url, max: 10, keepAlive: true, ...TIMEOUTS });
    return { prisma: new PostgresClient({ ...OPTIONS, adapter }) as unknown as PrismaClient, postgres: true };
  }
  const [{ PrismaClient: SqliteClient }, { SqliteAdapter }] =
    await Promise.all([import("./generated/sqlite/client.js"), import("./sqlite.js")]);
  return { prisma: new SqliteClient({ ...OPTIONS, adapter: new SqliteAdapter(sqlitePath(url)) }), postgres: false };
}
