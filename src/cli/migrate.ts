import { Command } from "commander";
import { reason } from "../shared/loggable-error.js";
import { print } from "./run.js";

export const migrateCommand = new Command("migrate")
  .description("bring the database up to this version (serve does so by itself)")
  .action(async () => {
    const [{ loadConfig }, { migrate }] =
      await Promise.all([import("../config/load.js"), import("../stores/prisma/migrate.js")]);
    const applied = await migrate(loadConfig(process.env).databaseUrl).catch((cause: unknown) => {
      throw new Error(`The database that DATABASE_URL names can't be used: ${reason(cause)}`, { cause });
    });
    print(applied.length === 0 ? "The database is up to date" : applied.map((name) => `applied ${name}`).join("\n"));
  });
