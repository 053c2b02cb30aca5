import type { Prisma, PrismaClient } from "./generated/sqlite/client.js";
import { isPostgres, sqlitePath } from "../../config/database-url.js";
import type { DirectConnection } from "./direct-connection.js";

export type Transaction = Prisma.TransactionClient;

/** An open connection to either database. */
export interface Db extends DirectConnection {
  /** Typed as SQLite's client: PostgreSQL's accepts everything that it accepts. */
  prisma: Transaction;
  postgres: boolean;
  transaction: <T>(work: (tx: Transaction) => Promise<T>) => Promise<T>;
}
export type Json = Prisma.InputJsonValue;

const OPTIONS = { errorFormat: "minimal", transactionOptions: { maxWait: 10_000, timeout: 10_000 } } as const;

/** Loads only the driver in use. `poolSize`: of PostgreSQL; by default what the URL says, or 10. */
export async function connect(url: string, poolSize?: number): Promise<Db> {
  if (isPostgres(url)) {
    const [{ PrismaClient: PostgresClient }, { PostgresAdapter }, { openDirectly }] = await Promise.all([
      import("./generated/postgresql/client.js"), import("./postgres-adapter.js"), import("./direct-postgres.js")]);
    const adapter = new PostgresAdapter(url, poolSize);
    const prisma = new PostgresClient({ ...OPTIONS, adapter }) as unknown as PrismaClient;
    return open(prisma, true, () => openDirectly(url, adapter));
  }
  const [{ PrismaClient: SqliteClient }, { SqliteAdapter }, { openDirectly }] = await Promise.all([
    import("./generated/sqlite/client.js"), import("./sqlite.js"), import("./direct-sqlite.js")]);
  const path = sqlitePath(url);
  return open(new SqliteClient({ ...OPTIONS, adapter: new SqliteAdapter(path) }), false, () => openDirectly(path));
}

async function open(
  prisma: PrismaClient,
  postgres: boolean,
  openDirectly: () => DirectConnection | Promise<DirectConnection>,
): Promise<Db> {
  try {
    await prisma.$connect();
    const direct = await openDirectly();
    const close = async () => {
      await direct.close();
      await prisma.$disconnect();
    };
    return { ...direct, prisma, postgres, transaction: (work) => prisma.$transaction(work), close };
  } catch (error) {
    await prisma.$disconnect().catch(() => undefined);
    throw error;
  }
}
