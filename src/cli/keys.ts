import { Command } from "commander";
import { print, withApp } from "./run.js";

export const keyCommands = new Command("keys").description("the signing keys");

keyCommands.command("list")
  .description("list the keys, oldest first, with their states")
  .option("--json", "as JSON")
  .action(({ json }: { json?: boolean }) => withApp(async ({ keys: { keys } }) => {
    if (json) return print(keys.map((key) => ({ ...key, createdAt: new Date(key.createdAt).toISOString() })));
    for (const { kid, algorithm, state, createdAt } of keys)
      print(`${kid}  ${algorithm}  ${state.padEnd(7)}  ${new Date(createdAt).toISOString()}`);
  }));
