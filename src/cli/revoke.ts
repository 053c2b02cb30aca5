import type { Command } from "commander";
import { clientId, someText } from "./arguments.js";
import type { Context } from "./context.js";
import { revokeKey } from "./keys.js";
import { print } from "./terminal.js";

interface Options {
  sub?: string;
  sid?: string;
  client?: string;
  token?: string;
  jti?: string;
  key?: string;
  yes?: boolean;
}

export function revokeCommand(program: Command, context: Context): void {
  program.command("revoke")
    .description("end tokens before they expire; takes --sub or --sid, alone or with --client; or --client, --token, " +
      "--jti or --key")
    .option("--sub <sub>", "every token of a user that was issued until now", someText)
    .option("--sid <sid>", "every token of a session that was issued until now", someText)
    .option("--client <client-id>", "every token of an application that was issued until now", clientId)
    .option("--token <jwt>", "one token", someText)
    .option("--jti <jti>", "one token of which you know only the id; status lists do not show it", someText)
    .option("--key <kid>", "every token that a signing key ever signed, and the key: as keys revoke", someText)
    .option("--yes", "do not ask before revoking the active key")
    .action(async ({ sub, sid, client, token, jti, key, yes }: Options, command: Command) => {
      if ([sub ?? sid ?? client, token, jti, key].filter((one) => one !== undefined).length !== 1) {
        command.error("error: --sub or --sid is needed, alone or with --client; or exactly one of --client, --token, " +
          "--jti and --key");
      }
      await context.existingServices(async (services) => {
        if (key !== undefined) return revokeKey(services, context, key, yes);
        const revoked = await services.revocations.revokeAsOperator({ sub, sid, client_id: client, token, jti });
        const holder = sid === undefined ? sub : `the session ${sid}`;
        const names = [holder, client].filter((name) => name !== undefined).join(" from ");
        print(context, revoked.jti === undefined
          ? `Every token of ${names} that was issued until now is revoked`
          : `The token ${revoked.jti} is revoked`);
      });
    });
}
