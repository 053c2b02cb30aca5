import type { DatabaseFacts } from "../../cli/drivers.js";
import { openDatabase } from "./database.js";
import { pendingMigrations } from "./migrate.js";

/** Changes nothing and creates no SQLite file. Rejects if the database can't be used. */
export async function inspectDatabase(url: string): Promise<DatabaseFacts> {
  const pending = await pendingMigrations(url);
  if (pending.length > 0) return { pendingMigrations: pending, keys: [] };
  const database = await openDatabase(url);
  try {
    await database.ping();
    return { pendingMigrations: [], keys: (await database.keys.load()).keys };
  } finally {
    await database.close();
  }
}
