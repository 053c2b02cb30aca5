import type { Database, Stores } from "../database.js";
import { authorizationCodeStore } from "./authorization-codes.js";
import { clientStore } from "./clients.js";
import { connect, type Db } from "./db.js";
import { mapDriverError, mapDriverErrors } from "./driver-errors.js";
import { installationStore } from "./installation.js";
import { type LogReader, openLogReader } from "./log-reader.js";
import { loginStore } from "./logins.js";
import { revocationLog } from "./revocation-log.js";
import { signingKeyStore } from "./signing-keys.js";
import { statusListStore } from "./status-lists.js";

export type { Database } from "../database.js";
export { migrate, pendingMigrations } from "./migrate.js";

/** `url`: `file:<path>` (creates a missing file and folder) or `postgres://…`. The migrations must be applied. */
export async function openDatabase(url: string): Promise<Database> {
  const db = await connect(url);
  await db.open();
  const listenPostgres = db.postgres ? (await import("./listen-postgres.js")).listen : undefined;
  const reader = await openLogReader(url);
  return {
    ...storesOf(db, reader),
    transaction: (work) => db.transaction((tx) => work(storesOf(tx, reader))).catch(mapDriverError),
    listen: (changed) => (listenPostgres === undefined ? async () => undefined : listenPostgres(url, changed)),
    ping: async () => { await db.prisma.$queryRaw`SELECT 1`; },
    close: async () => {
      await reader.close();
      await db.close();
    },
  };
}

const storesOf = (db: Db, reader: LogReader): Stores => ({
  clients: mapDriverErrors(clientStore(db)),
  keys: mapDriverErrors(signingKeyStore(db)),
  logins: mapDriverErrors(loginStore(db)),
  authorizationCodes: mapDriverErrors(authorizationCodeStore(db)),
  revocations: mapDriverErrors(revocationLog(db, reader)),
  statusLists: mapDriverErrors(statusListStore(db)),
  installation: mapDriverErrors(installationStore(db)),
});
