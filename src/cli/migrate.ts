import { Command } from "commander";
import { loadConfig } from "../config.js";
import { reason } from "../failure.js";
import { migrate } from "../stores/prisma/migrate.js";
import { print } from "./run.js";

export const migrateCommand = new Command("migrate")
  .description("bring the database up to this version (serve does so by itself)")
  .action(async () => {
    const applied = await migrate(loadConfig(process.env).databaseUrl).catch((cause: unknown) => {
      throw new Error(`The database that DATABASE_URL names can't be used: ${reason(cause)}`, { cause });
    });
    print(applied.length === 0 ? "The database is up to date" : applied.map((name) => `applied ${name}`).join("\n"));
  });
