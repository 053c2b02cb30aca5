import { isPostgres, sqlitePath } from "../../config/database-url.js";
import type { Database, Stores } from "../database.js";
import { authorizationCodeStore } from "./authorization-codes.js";
import { clientStore } from "./clients.js";
import { conditionOf } from "./condition.js";
import { connect, type Db } from "./db.js";
import { mapDriverError, mapDriverErrors, repeatConflicts } from "./driver-errors.js";
import { finishedLoginStore } from "./finished-logins.js";
import { installationStore } from "./installation.js";
import type { LogAccess, LogConnection } from "./log-connection.js";
import { replicaStore } from "./replicas.js";
import { revocationLog } from "./revocation-log.js";
import { signingKeyStore } from "./signing-keys.js";
import { statusListStore } from "./status-lists.js";

export type { Database } from "../database.js";
export { migrate, pendingMigrations } from "./migrate.js";

/**
 * `url`: `file:<path>` (creates a missing file and folder) or `postgres://…`. The migrations must be applied.
 * `poolSize`: connections to PostgreSQL; by default what the URL says, or 10.
 */
export async function openDatabase(url: string, poolSize?: number): Promise<Database> {
  const db = await connect(url, poolSize);
  await db.open();
  const listenPostgres = db.postgres ? (await import("./listen-postgres.js")).listen : undefined;
  const log = await openLog(url);
  return {
    ...storesOf(db, log, true),
    transaction: (work) => repeatConflicts(() => db.transaction((tx) => work(storesOf(tx, { read: log.read }, false))))
      .catch(mapDriverError),
    listen: (changed) => (listenPostgres === undefined ? async () => undefined : listenPostgres(url, changed)),
    ping: async () => { await db.prisma.$queryRaw`SELECT 1`; },
    condition: () => conditionOf(db),
    close: async () => {
      await log.close();
      await db.close();
    },
  };
}

const storesOf = (db: Db, log: LogAccess, repeat: boolean): Stores => ({
  clients: mapDriverErrors(clientStore(db), repeat),
  keys: mapDriverErrors(signingKeyStore(db), repeat),
  finishedLogins: mapDriverErrors(finishedLoginStore(db), repeat),
  authorizationCodes: mapDriverErrors(authorizationCodeStore(db), repeat),
  revocations: mapDriverErrors(revocationLog(db, log), repeat),
  replicas: mapDriverErrors(replicaStore(db), repeat),
  statusLists: mapDriverErrors(statusListStore(db), repeat),
  installation: mapDriverErrors(installationStore(db), repeat),
});

/** Loads only the driver in use. */
async function openLog(url: string): Promise<LogConnection> {
  if (isPostgres(url)) return (await import("./log-connection-postgres.js")).openLog(url);
  return (await import("./log-connection-sqlite.js")).openLog(sqlitePath(url));
}
