import { Command, InvalidArgumentError } from "commander";
import { accessDenied } from "../shared/errors.js";
import { print, withApp } from "./run.js";

interface Options {
  client: string;
  provider?: string;
  email?: string;
  audience?: string[];
  expiresIn?: number;
  claims?: Record<string, unknown>;
}

export const mintCommand = new Command("mint")
  .description("issue a token in a client's name, for trying things; prints the JWT")
  .argument("<sub>", "the user the token is for")
  .requiredOption("--client <client-id>", "the client, whose policy applies")
  .option("--provider <name>", "how the user was authenticated")
  .option("--email <address>")
  .option("--audience <name...>", "who the token is for")
  .option("--claims <json>", "further claims, as a JSON object", jsonObject)
  .option("--expires-in <seconds>", "lifetime", wholeSeconds)
  .action((sub: string, { client: id, expiresIn: expires_in, ...rest }: Options) =>
    withApp(async ({ clients, tokens }) => {
      const client = await clients.read(id);
    if (client.disabled) throw accessDenied(`This client is disabled: authflow clients enable ${id}`);
      const { access_token } = await tokens.mint(client, {
        sub,
        ...rest,
        ...(expires_in === undefined ? {} : { expires_in }),
      });
      print(access_token);
    }),
  );

function jsonObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch { /* said below */ }
  throw new InvalidArgumentError("must be a JSON object such as '{\"roles\":[\"editor\"]}'");
}

function wholeSeconds(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("must be whole seconds of at least 1");
  return Number(text);
}
