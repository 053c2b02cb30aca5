import type { Command } from "commander";
import { clientId, someText } from "./arguments.js";
import type { Context } from "./context.js";
import { revokeKey } from "./keys.js";
import { print } from "./terminal.js";

interface Options { sub?: string; jti?: string; client?: string; key?: string; yes?: boolean }

export function revokeCommand(program: Command, context: Context): void {
  program.command("revoke")
    .description("end tokens before they expire; takes exactly one of --sub, --jti, --client and --key")
    .option("--sub <sub>", "every token of a user that was issued until now", someText)
    .option("--jti <jti>", "one token, by its id; status lists do not show it", someText)
    .option("--client <client-id>", "every token of an application that was issued until now", clientId)
    .option("--key <kid>", "every token that a signing key ever signed, and the key: as keys revoke", someText)
    .option("--yes", "do not ask before revoking the active key")
    .action(async ({ sub, jti, client, key, yes }: Options, command: Command) => {
      if ([sub, jti, client, key].filter((one) => one !== undefined).length !== 1) {
        command.error("error: exactly one of --sub, --jti, --client and --key is needed");
      }
      await context.withServices(async (services) => {
        const { revocations } = services;
        if (sub !== undefined) {
          await revocations.revokeSubjectAsOperator(sub);
          print(context, `Every token of ${sub} that was issued until now is revoked`);
        } else if (jti !== undefined) {
          await revocations.revokeById(jti);
          print(context, `The token ${jti} is revoked`);
        } else if (client !== undefined) {
          await revocations.revokeClient(client);
          print(context, `Every token of ${client} that was issued until now is revoked`);
        } else if (key !== undefined) {
          await revokeKey(services, context, key, yes);
        }
      });
    });
}
