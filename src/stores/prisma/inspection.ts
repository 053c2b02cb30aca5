import type { DatabaseFacts } from "../../cli/drivers.js";
import { UNUSED_AFTER } from "../../clients/permission-uses.js";
import { OF_CONSEQUENCE } from "../../clients/permissions.js";
import { LEFT } from "../../revocation/replica-store.js";
import { openDatabase } from "./database.js";
import { driverReason } from "./driver-errors.js";
import { pendingMigrations } from "./migrate.js";

/** Changes nothing and creates no SQLite file. Rejects, with the driver's words, if the database can't be used. */
export const inspectDatabase = (url: string, now: number): Promise<DatabaseFacts> =>
  inspect(url, now).catch((cause: unknown) => {
    throw new Error(driverReason(cause), { cause });
  });

async function inspect(url: string, now: number): Promise<DatabaseFacts> {
  const pending = await pendingMigrations(url);
  if (pending.length > 0) {
    return {
      pendingMigrations: pending, condition: "up", keys: [], time: null, installation: undefined, outlets: [],
      unusedPermissions: [],
    };
  }
  const database = await openDatabase(url);
  try {
    const { keys } = await database.keys.load();
    const [condition, installation] = [await database.condition(), await database.installation.find()];
    const running = (await database.replicas.all()).replicas.filter(({ beat }) => beat !== LEFT);
    const outlets = new Set(running.map(({ outlet }) => outlet));
    return {
      pendingMigrations: [], condition, keys, time: installation?.now ?? null, installation: installation?.id,
      outlets: [...outlets],
      unusedPermissions: await database.permissionUses.unused(OF_CONSEQUENCE, now - UNUSED_AFTER),
    };
  } finally {
    await database.close();
  }
}
