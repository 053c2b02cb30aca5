import type { FastifyBaseLogger } from "fastify";
import fp from "fastify-plugin";
import { unavailable } from "../../src/shared/errors.js";
import type { Installation } from "../../src/shared/installation.js";
import { type Database, openDatabase } from "../../src/stores/prisma/database.js";
import { driverReason } from "../../src/stores/prisma/driver-errors.js";
import { migrate, pendingMigrations } from "../../src/stores/prisma/migrate.js";

declare module "fastify" {
  interface FastifyInstance {
    database: Database;
    /** The installation as it was when this replica started. */
    installation: Installation;
    /** Reads the installation from the database, and synchronises this replica's clock with the database's. */
    refreshInstallation: () => Promise<Installation>;
    /**
     * Calls `listener` when the database's history changed: commits that this replica knows may be lost. If it rejects,
     * it is called again with the next refresh.
     */
    onHistoryChange: (listener: (installation: Installation) => void | Promise<void>) => void;
  }
}

/** Milliseconds between two lines of the log about a migration that works or waits. */
const PATIENCE = 10_000;

/** Applies the migrations. They may take long, or wait for another process: the log says so. */
async function migrateAndSay(url: string, log: FastifyBaseLogger): Promise<void> {
  let [doing, since, isApplying] = ["", 0, false];
  const say = (): void => { log.warn({ seconds: Math.round((performance.now() - since) / 1000) }, `still ${doing}`); };
  const timer = setInterval(say, PATIENCE);
  try {
    const applied = await migrate(url, (next) => {
      [doing, since] = [next, performance.now()];
      // Before the first one, because SQLite lets nothing else run during a migration.
      if (!isApplying && next.startsWith("applying")) log.info("applying the migrations that the database lacks");
      isApplying ||= next.startsWith("applying");
      timer.refresh();
    });
    if (applied.length > 0) log.info({ migrations: applied }, "migrations applied");
  } finally {
    clearInterval(timer);
  }
}

async function refuseUnlessMigrated(url: string): Promise<void> {
  const { length } = await pendingMigrations(url);
  if (length === 0) return;
  throw new Error(`it lacks ${length} migrations, and this command applies none: let DATABASE_URL name the ` +
    "database of the service, and run authflow migrate");
}

export interface DatabaseOptions {
  /** False: a database that lacks migrations is refused, and not changed. Default: true. */
  migrates?: boolean | undefined;
}

export default fp<DatabaseOptions>(async (app, { migrates = true }) => {
  const { databaseUrl, databasePoolSize } = app.config;
  try {
    if (migrates) await migrateAndSay(databaseUrl, app.log);
    else await refuseUnlessMigrated(databaseUrl);
    const database = await openDatabase(databaseUrl, databasePoolSize);
    app.addHook("onClose", async () => { await database.close(); });
    app.decorate("database", database);
    const listeners: Parameters<typeof app.onHistoryChange>[0][] = [];
    let history: string | null = null;
    const compareHistory = async (installation: Installation): Promise<void> => {
      if (installation.history === null) return;
      if (history !== null && installation.history !== history) {
        app.log.warn("The database's server started again or is another one, or a backup was restored: commits may " +
          "be lost, and what is in memory is read again");
        for (const listener of listeners) await listener(installation);
      }
      history = installation.history;
    };
    app.decorate("onHistoryChange", (listener) => { listeners.push(listener); });
    const read = async (from: () => Promise<Installation | undefined>): Promise<Installation> => {
      const start = performance.now();
      const installation = await from();
      if (installation === undefined) throw unavailable("The table installation is empty: is a backup being restored?");
      app.synchroniseClock(installation.now, performance.now() - start);
      await compareHistory(installation);
      return installation;
    };
    app.decorate("refreshInstallation", () => read(() => database.installation.find()));
    app.decorate("installation", await read(() => database.installation.load()));
  } catch (cause) {
    throw new Error(`The database at DATABASE_URL can't be used: ${driverReason(cause)}`, { cause });
  }
}, { name: "database" });
