import fp from "fastify-plugin";
import { reason } from "../../src/shared/loggable-error.js";
import type { Installation } from "../../src/shared/installation.js";
import { type Database, openDatabase } from "../../src/stores/prisma/database.js";
import { migrate } from "../../src/stores/prisma/migrate.js";

declare module "fastify" {
  interface FastifyInstance {
    database: Database;
    /** The installation as it was when this replica started. */
    installation: Installation;
    /** Reads the installation from the database, and synchronises this replica's clock with the database's. */
    refreshInstallation: () => Promise<Installation>;
  }
}

export default fp(async (app) => {
  const { databaseUrl } = app.config;
  try {
    for (const name of await migrate(databaseUrl)) app.log.info({ migration: name }, "migration applied");
    const database = await openDatabase(databaseUrl);
    app.addHook("onClose", async () => { await database.close(); });
    app.decorate("database", database);
    const refresh = async (): Promise<Installation> => {
      const start = performance.now();
      const installation = await database.installation.load();
      app.synchroniseClock(installation.now, performance.now() - start);
      return installation;
    };
    app.decorate("refreshInstallation", refresh);
    app.decorate("installation", await refresh());
  } catch (cause) {
    throw new Error(`The database at DATABASE_URL can't be used: ${reason(cause)}`, { cause });
  }
}, { name: "database" });
