import type { Prisma, PrismaClient } from "./generated/sqlite/client.js";
import { isPostgres, sqlitePath } from "../../config/database-url.js";

export type Transaction = Prisma.TransactionClient;

/** A connection to either database, or a transaction on one. */
export interface Db {
  /** SQLite's client is the narrower: what it accepts, PostgreSQL accepts too. */
  prisma: Transaction;
  postgres: boolean;
  /** Runs `work` in a new transaction, or in the one that this is. */
  transaction: <T>(work: (db: Db) => Promise<T>) => Promise<T>;
  /** Runs statements that belong together, in their order. */
  batch: (statements: Prisma.PrismaPromise<unknown>[]) => Promise<void>;
}
export interface Connection extends Db { open(): Promise<void>; close(): Promise<void> }
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

export async function connect(url: string): Promise<Connection> {
  if (isPostgres(url)) {
    const [{ PrismaClient: PostgresClient }, { PrismaPg }] =
      await Promise.all([import("./generated/postgresql/client.js"), import("@prisma/adapter-pg")]);
    // The adapter listens to the pool's and its connections' errors: losing an idle one does not end the process.
    const adapter = new PrismaPg({ connectionString: url, max: 10, keepAlive: true, ...TIMEOUTS });
    return connection(new PostgresClient({ ...OPTIONS, adapter }) as unknown as PrismaClient, true);
  }
  const [{ PrismaClient: SqliteClient }, { SqliteAdapter }] =
    await Promise.all([import("./generated/sqlite/client.js"), import("./sqlite.js")]);
  return connection(new SqliteClient({ ...OPTIONS, adapter: new SqliteAdapter(sqlitePath(url)) }), false);
}

const connection = (prisma: PrismaClient, postgres: boolean): Connection => ({
  prisma,
  postgres,
  transaction: (work) => prisma.$transaction((tx) => work(within(tx, postgres))),
  batch: async (statements) => { await prisma.$transaction(statements); },
  open: () => prisma.$connect(),
  close: () => prisma.$disconnect(),
});

function within(prisma: Transaction, postgres: boolean): Db {
  const db: Db = {
    prisma,
    postgres,
    transaction: (work) => work(db),
    batch: async (statements) => { for (const statement of statements) await statement; },
  };
  return db;
}
