import type { Command } from "commander";
import type { KeySummary } from "../keys/key-ring.js";
import { presentKey } from "../keys/presentation.js";
import type { Context, Services } from "./context.js";
import { confirm, print, printList } from "./terminal.js";

export function keyCommands(program: Command, context: Context): void {
  const { withServices, existingServices } = context;
  const group = program.command("keys").description("manage the signing keys");

  group.command("list")
    .description("list the keys, oldest first, with their states")
    .option("--json", "as a JSON array")
    .action(({ json }: { json?: boolean }) => existingServices(async ({ keys }) => {
      printList(context, keys.keys, { json, line, present: presentKey });
    }));

  group.command("rotate")
    .description("publish the next key; it signs by itself once every verifier can know it")
    .action(() => withServices(async ({ keys }) => {
      await keys.rotate();
      for (const key of keys.keys) print(context, line(key));
    }));

  group.command("reencrypt")
    .description("encrypt the keys under the first entry of AUTHFLOW_KEY_ENCRYPTION_KEY")
    .action(() => withServices(async ({ keys }) => {
      print(context, await keys.reencrypt()
        ? "The keys are encrypted under the first entry: the others can be removed from AUTHFLOW_KEY_ENCRYPTION_KEY"
        : "The keys are encrypted under the first entry already");
    }));

  group.command("revoke")
    .description("for a compromised key: remove it, and end every token that it ever signed")
    .argument("<kid>", "see authflow keys list")
    .option("--yes", "do not ask before revoking the active key")
    .action((kid: string, { yes }: { yes?: boolean }) =>
      existingServices((services) => revokeKey(services, context, kid, yes)));
}

/** Revokes a key and all tokens that it signed, and prints the other keys. Asks first if it is the active key. */
export async function revokeKey(
  { keys, revocations }: Services,
  context: Context,
  kid: string,
  yes: boolean | undefined,
): Promise<void> {
  const signs = keys.keys.some((key) => key.kid === kid && key.state === "active");
  if (signs) {
    await confirm(context, `${kid} is the active key. Revoke it, and end every token that it ever signed?`, yes);
  }
  await keys.revoke(kid);
  await revocations.revokeKey(kid);
  for (const key of keys.keys) print(context, line(key));
}

function line({ kid, algorithm, state, createdAt, activatesAt, leavesAt }: KeySummary): string {
  const changes = [["signs from", activatesAt], ["leaves", leavesAt]] as const;
  const next = changes.filter(([, at]) => at !== null).map(([what, at]) => `${what} ${iso(at as number)}`);
  return [kid, algorithm, state.padEnd(7), iso(createdAt), ...next].join("  ");
}

const iso = (instant: number): string => new Date(instant).toISOString();
