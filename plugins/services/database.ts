import fp from "fastify-plugin";
import { reason } from "../../src/shared/loggable-error.js";
import type { Installation } from "../../src/shared/installation.js";
import { type Database, openDatabase } from "../../src/stores/prisma/database.js";
import { migrate } from "../../src/stores/prisma/migrate.js";

declare module "fastify" {
  interface FastifyInstance {
    database: Database;
    /** As it was at the start. */
    installation: Installation;
    /** Reads it anew, and sets this replica's clock by the database's. */
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
    const look = async (): Promise<Installation> => {
      const asked = performance.now();
      const installation = await database.installation.load();
      app.synchroniseClock(installation.now, performance.now() - asked);
      return installation;
    };
    app.decorate("refreshInstallation", look);
    app.decorate("installation", await look());
  } catch (cause) {
    throw new Error(`The database that DATABASE_URL names can't be used: ${reason(cause)}`, { cause });
  }
}, { name: "database" });
