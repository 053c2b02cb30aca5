import type { Command } from "commander";
import { allClients } from "./all-clients.js";
import type { Context, Services } from "./context.js";
import { confirm, print } from "./terminal.js";

interface Options { disableClients?: boolean; yes?: boolean }

const QUESTION = "End every token and replace every signing key, so that everybody has to log in again?";

const UNKNOWN = `
What changed between the backup and its restoration is lost, and nobody can know it. Compare the clients below with your
records and your log:
  - a secret that was rotated is valid again, and the new one is not: authflow clients rotate-secret <id> --overlap 0
  - a client that was disabled works again: authflow clients disable <id>
  - a client that was deleted is there again: authflow clients delete <id>
  - a redirect URI or a limit that was taken away is back: authflow clients redirect-uris <id>,
    authflow clients policy <id>
  - a client that was registered is missing, and has to register again
`;

export function restoredCommand(program: Command, context: Context): void {
  program.command("restored")
    .description("after a backup was restored: end what it may have brought back, and list what to check")
    .option("--disable-clients", "disable every client, until you enable it")
    .option("--yes", "do not ask first")
    .action(({ disableClients = false, yes }: Options) => context.existingServices(async (services) => {
      await confirm(context, QUESTION, yes);
      // Those that were exchanged or ended since the backup are back.
      await services.sessions.endAll();
      await services.refreshTokenFamilies.endAll();
      await replaceKeys(services, context);
      const clients = await allClients(services.clients);
      if (disableClients) {
        for (const { id } of clients) await services.clients.update(id, { disabled: true });
        print(context, `${clients.length} clients are disabled: authflow clients enable <id> ends that`);
      }
      print(context, UNKNOWN);
      for (const { id, name, disabled, updatedAt } of clients) {
        const state = disabled || disableClients ? "disabled" : "enabled ";
        print(context, `${id}  ${state}  changed ${new Date(updatedAt).toISOString()}  ${name}`);
      }
    }));
}

/** A key that was revoked since the backup is back, and with it every token: no key of the backup stays. */
async function replaceKeys({ keys, revocations }: Services, context: Context): Promise<void> {
  // The active one last: its successor is a new key then.
  const kids = [...keys.keys].sort((a, b) => Number(a.state === "active") - Number(b.state === "active"));
  for (const { kid } of kids) {
    await keys.revoke(kid);
    await revocations.revokeKey(kid);
  }
  print(context, `Every token is ended. ${kids.length} signing keys were revoked; ${keys.signer.kid} signs now`);
}
