import type { Db } from "./db.js";
import type { DirectConnection } from "./direct-connection.js";
import { storable } from "./text.js";

/**
 * What is done for many items at once, by statements whose only parameter is the items as a JSON array: in one
 * transaction on SQLite, by one statement on PostgreSQL. They return a text `done` for each item that they changed.
 */
export interface Batch { sqlite: string[]; postgres: string }

/** Resolves to the texts that the statements returned. Throws if an item holds a NUL character. */
export type RunBatch = (batch: Batch, items: readonly object[]) => Promise<ReadonlySet<unknown>>;

export const batchRunner = ({ prisma }: Db, { write }: Pick<DirectConnection, "write">): RunBatch =>
  async ({ sqlite, postgres }, items) => {
    const json = JSON.stringify(storable(items));
    if (write !== undefined) return new Set(await write(sqlite.map((sql) => [sql, json])));
    const rows = await prisma.$queryRawUnsafe<{ done: string }[]>(postgres, json);
    return new Set(rows.map(({ done }) => done));
  };
