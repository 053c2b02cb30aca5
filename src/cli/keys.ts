import { Command } from "commander";
import type { KeySummary } from "../keys/key-ring.js";
import { presentKey } from "../../routes/schemas/operator/keys.js";
import { print, withApp } from "./run.js";

export const keyCommands = new Command("keys").description("the signing keys");

keyCommands.command("list")
  .description("list the keys, oldest first, with their states")
  .option("--json", "as JSON")
  .action(({ json }: { json?: boolean }) => withApp(async ({ keys: { keys } }) => {
    if (json) return print(keys.map(presentKey));
    for (const key of keys) print(line(key));
  }));

keyCommands.command("rotate")
  .description("publish the next key; it signs by itself once every verifier can know it")
  .action(() => withApp(async ({ keys }) => {
    await keys.rotate();
    for (const key of keys.keys) print(line(key));
  }));

keyCommands.command("reencrypt")
  .description("encrypt the keys under the first entry of AUTHFLOW_KEY_ENCRYPTION_KEY")
  .action(() => withApp(async ({ keys }) => {
    print(await keys.reencrypt()
      ? "The keys are encrypted under the first entry: the others can be taken out of AUTHFLOW_KEY_ENCRYPTION_KEY"
      : "The keys are encrypted under the first entry already");
  }));

keyCommands.command("revoke")
  .description("for a key in wrong hands: drop it, and end every token that it ever signed")
  .argument("<kid>", "see authflow keys list")
  .action((kid: string) => withApp(async ({ keys, revocations }) => {
    await keys.revoke(kid);
    await revocations.revokeKey(kid);
    for (const key of keys.keys) print(line(key));
  }));

function line({ kid, algorithm, state, createdAt, activatesAt, leavesAt }: KeySummary): string {
  const outlook = [["signs from", activatesAt], ["leaves", leavesAt]] as const;
  const next = outlook.filter(([, at]) => at !== null).map(([what, at]) => `${what} ${iso(at as number)}`);
  return [kid, algorithm, state.padEnd(7), iso(createdAt), ...next].join("  ");
}

const iso = (instant: number): string => new Date(instant).toISOString();
