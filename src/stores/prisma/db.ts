import type { Prisma, PrismaClient } from "./generated/sqlite/client.js";
import { isPostgres, sqlitePath } from "../../config/database-url.js";

export type Transaction = Prisma.TransactionClient;

/** A connection to either database. */
export interface Db {
  /** Typed as SQLite's client: PostgreSQL's accepts everything that it accepts. */
  prisma: Transaction;
  postgres: boolean;
  transaction: <T>(work: (tx: Transaction) => Promise<T>) => Promise<T>;
  /** Runs a statement without Prisma. Resolves to the first column of the rows. Undefined on SQLite. */
  run?: (sql: string, ...values: string[]) => Promise<unknown[]>;
}
export interface Connection extends Db { open(): Promise<void>; close(): Promise<void> }
export type Json = Prisma.InputJsonValue;

const OPTIONS = { errorFormat: "minimal", transactionOptions: { maxWait: 10_000, timeout: 10_000 } } as const;

/** `poolSize`: of PostgreSQL; by default what the URL says, or 10. */
export async function connect(url: string, poolSize?: number): Promise<Connection> {
  if (isPostgres(url)) {
    const [{ PrismaClient: PostgresClient }, { PostgresAdapter }] =
      await Promise.all([import("./generated/postgresql/client.js"), import("./postgres-adapter.js")]);
    const adapter = new PostgresAdapter(url, poolSize);
    const prisma = new PostgresClient({ ...OPTIONS, adapter }) as unknown as PrismaClient;
    return { ...connection(prisma, true), run: (sql, ...values) => adapter.run(sql, ...values) };
  }
  const [{ PrismaClient: SqliteClient }, { SqliteAdapter }] =
    await Promise.all([import("./generated/sqlite/client.js"), import("./sqlite.js")]);
  return connection(new SqliteClient({ ...OPTIONS, adapter: new SqliteAdapter(sqlitePath(url)) }), false);
}

const connection = (prisma: PrismaClient, postgres: boolean): Connection => ({
  prisma,
  postgres,
  transaction: (work) => prisma.$transaction(work),
  open: () => prisma.$connect(),
  close: () => prisma.$disconnect(),
});
