#!/usr/bin/env node
import { Command } from "commander";
import { clientCommands } from "./cli/clients.js";
import { doctorCommand } from "./cli/doctor.js";
import { keyCommands } from "./cli/keys.js";
import { migrateCommand } from "./cli/migrate.js";
import { mintCommand } from "./cli/mint.js";
import { reportAndExit } from "./cli/exit.js";

const program = new Command("authflow")
  .description("Authflow issues, validates and revokes your application's JWTs.")
  .addHelpText("after", `
Settings are read from the environment (see the README's table), the same for every command:
  DATABASE_URL=postgres://… REDIS_URL=redis://… authflow doctor

A first walk:
  $ authflow clients add my-app https://my-app.com/callback
  $ authflow mint alice --client <client_id>
  $ authflow serve`)
  .showHelpAfterError("(authflow --help shows what is possible)");

program.command("serve").description("run the service").action(async () => {
  const { serve } = await import("./server.js"); // loaded where it is needed, as in each command: help comes at once
  await serve(process.env);
});
program.addCommand(migrateCommand);
program.addCommand(clientCommands);
program.addCommand(mintCommand);
program.addCommand(keyCommands);
program.addCommand(doctorCommand);

// A reader that has seen enough (authflow clients list | head) is no fault.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});
program.parseAsync().catch(reportAndExit);
