import fp from "fastify-plugin";
import { reason } from "../src/failure.js";
import type { Installation } from "../src/installation.js";
import { type Database, openDatabase } from "../src/stores/prisma/database.js";
import { migrate } from "../src/stores/prisma/migrate.js";

declare module "fastify" {
  interface FastifyInstance { database: Database; installation: Installation }
}

export default fp(async (app) => {
  const { databaseUrl } = app.config;
  try {
    for (const name of await migrate(databaseUrl)) app.log.info({ migration: name }, "migration applied");
    const database = await openDatabase(databaseUrl);
    app.addHook("onClose", async () => { await database.close(); });
    app.decorate("database", database);
    app.decorate("installation", await database.installation.load());
  } catch (cause) {
    throw new Error(`The database that DATABASE_URL names can't be used: ${reason(cause)}`, { cause });
  }
}, { name: "database" });
