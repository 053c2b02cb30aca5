import type { Command } from "commander";
import { reason } from "../shared/loggable-error.js";
import type { Context } from "./context.js";
import { print } from "./terminal.js";

export function migrateCommand(program: Command, context: Context): void {
  program.command("migrate")
    .description("apply the migrations that the database lacks (serve does so by itself)")
    .action(async () => {
      const { loadConfig } = await import("../config/load.js");
      const applied = await context.drivers.migrate(loadConfig(context.env).databaseUrl).catch((cause: unknown) => {
        throw new Error(`The database that DATABASE_URL names can't be used: ${reason(cause)}`, { cause });
      });
      for (const name of applied) print(context, `applied ${name}`);
      if (applied.length === 0) print(context, "The database is up to date");
    });
}
