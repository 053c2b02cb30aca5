import type { Command } from "commander";
import { requirePermission } from "../clients/permissions.js";
import { accessDenied } from "../shared/errors.js";
import { jsonObject, wholeSeconds } from "./arguments.js";
import type { Context } from "./context.js";
import { print } from "./terminal.js";

interface Options {
  client: string;
  provider?: string;
  email?: string;
  audience?: string[];
  scope?: string[];
  expiresIn?: number;
  claims?: Record<string, unknown>;
}

export function mintCommand(program: Command, context: Context): void {
  program.command("mint")
    .description("issue a token for an application, for tests; prints the JWT")
    .argument("<sub>", "the user the token is for")
    .requiredOption("--client <client-id>", "the application, whose policy applies")
    .option("--provider <name>", "how the user was authenticated")
    .option("--email <address>", "the user's email address")
    .option("--audience <name...>", "the services the token is for")
    .option("--scope <values...>", "what the token allows")
    .option("--claims <json>", "additional claims, as a JSON object", jsonObject('{"roles":["editor"]}'))
    .option("--expires-in <seconds>", "lifetime", wholeSeconds(1, 999_999_999, "of at least 1"))
    .action((sub: string, { client: id, expiresIn, scope, ...rest }: Options) =>
      context.withServices(async ({ clients, tokens }) => {
        const client = await clients.read(id);
        if (client.disabled) throw accessDenied(`This client is disabled: authflow clients enable ${id}`);
        requirePermission(client, "mint");
        const asked = {
          ...rest,
          ...(scope !== undefined && { scope: scope.join(" ") }),
          ...(expiresIn !== undefined && { expires_in: expiresIn }),
        };
        print(context, (await tokens.mint(client, { sub, ...asked })).access_token);
      }));
}
