import { CircuitBreaker } from "../../shared/circuit-breaker.js";
import type { Database, Stores } from "../database.js";
import { consentStore, pushedRequestStore } from "./authorization.js";
import { authorizationCodeStore } from "./authorization-codes.js";
import { clientStore } from "./clients.js";
import { conditionOf } from "./condition.js";
import { batchRunner } from "./batch.js";
import { connect, type Db } from "./db.js";
import { isSilent, mapDriverErrors, repeatConflicts, type Run } from "./driver-errors.js";
import { finishedLoginStore } from "./finished-logins.js";
import { installationStore } from "./installation.js";
import { loginChallengeStore } from "./login-challenges.js";
import { permissionUseStore } from "./permission-uses.js";
import { refreshTokenStore } from "./refresh-tokens.js";
import { replicaStore } from "./replicas.js";
import { revocationLog } from "./revocation-log.js";
import { sessionStore } from "./sessions.js";
import { signingKeyStore } from "./signing-keys.js";
import { statusListStore } from "./status-lists.js";
import { usedValueStore } from "./used-values.js";

export type { Database } from "../database.js";
export { migrate, pendingMigrations } from "./migrate.js";

/**
 * `url`: `file:<path>` (creates a missing file and folder) or `postgres://…`. The migrations must be applied.
 * `poolSize`: connections to PostgreSQL; by default what the URL says, or 10.
 */
export async function openDatabase(url: string, poolSize?: number): Promise<Database> {
  const db = await connect(url, poolSize);
  const listenPostgres = db.postgres ? (await import("./listen-postgres.js")).listen : undefined;
  const breaker = new CircuitBreaker({ isSilent, probe: () => db.prisma.$queryRaw`SELECT 1` });
  // Without a pool of connections, a database in a file does not fall silent.
  const guard: Run = db.postgres ? (work) => breaker.run(work) : (work) => work();
  return {
    ...storesOf(db, (work) => guard(() => repeatConflicts(work))),
    listen: (changed) => (listenPostgres === undefined ? async () => undefined : listenPostgres(url, changed)),
    condition: () => guard(() => conditionOf(db)),
    close: async () => {
      breaker.stop();
      await db.close();
    },
  };
}

const storesOf = (db: Db, run: Run, batch = batchRunner(db)): Stores => ({
  clients: mapDriverErrors(clientStore(db), run),
  permissionUses: mapDriverErrors(permissionUseStore(db), run),
  usedValues: mapDriverErrors(usedValueStore(db), run),
  keys: mapDriverErrors(signingKeyStore(db), run),
  finishedLogins: mapDriverErrors(finishedLoginStore(db), run),
  loginChallenges: mapDriverErrors(loginChallengeStore(db), run),
  authorizationCodes: mapDriverErrors(authorizationCodeStore(db, batch), run),
  pushedRequests: mapDriverErrors(pushedRequestStore(db), run),
  consents: mapDriverErrors(consentStore(db), run),
  sessions: mapDriverErrors(sessionStore(db), run),
  refreshTokens: mapDriverErrors(refreshTokenStore(db, batch), run),
  revocations: mapDriverErrors(revocationLog(db), run),
  replicas: mapDriverErrors(replicaStore(db), run),
  statusLists: mapDriverErrors(statusListStore(db), run),
  installation: mapDriverErrors(installationStore(db), run),
});
