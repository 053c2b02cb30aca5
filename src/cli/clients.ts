import { Command, InvalidArgumentError, Option } from "commander";
import { presentClient, presentMetadata } from "../../routes/schemas/operator/clients.js";
import { type Client, RESPONSE_TYPES, type ResponseType } from "../clients/client.js";
import { print, withApp } from "./run.js";

interface AddOptions { public?: boolean; responseTypes?: ResponseType[] }

export const clientCommands = new Command("clients").description("register and manage applications");

clientCommands.command("add")
  .description("register an application; its secret is shown only now")
  .argument("<name>", "what people call it")
  .argument("<redirect-uris...>", "1 to 20 absolute URIs, https unless loopback")
  .option("--public", "one that can keep no secret: a page in a browser, a mobile application")
  .addOption(new Option("--response-types <types...>", "what a login hands over; the first is the default")
    .choices(RESPONSE_TYPES))
  .action((name: string, redirectUris: string[], { public: isPublic, responseTypes }: AddOptions) =>
    withApp(async ({ clients }) => {
      const { client, secret } = await clients.register({ name, redirectUris, isPublic, responseTypes });
      const { client_id, redirect_uri: _first, ...metadata } = presentMetadata(client);
      print({ client_id, client_secret: secret, ...metadata });
    }));

clientCommands.command("list")
  .description("list applications in the order of registration")
  .option("--json", "one JSON object a line, with everything but the secrets")
  .action(({ json }: { json?: boolean }) => withApp(async ({ clients, clock }) => {
    let after: string | undefined;
    do {
      const page = await clients.list({ limit: 200, after });
      for (const client of page.clients) print(json ? JSON.stringify(presentClient(client)) : line(client, clock()));
      after = page.next ?? undefined;
    } while (after !== undefined);
  }));

clientCommands.command("rotate-secret")
  .description("give an application a new secret; the old one keeps working for a while")
  .argument("<client-id>")
  .option("--overlap <seconds>", "how long the old one keeps working", wholeSeconds, 86_400)
  .action((id: string, { overlap }: { overlap: number }) => withApp(async ({ clients }) => {
    const { secret, previousExpiresAt } = await clients.rotateSecret(id, overlap);
    print({ client_id: id, client_secret: secret, previous_expires_at: new Date(previousExpiresAt).toISOString() });
  }));

clientCommands.command("revoke-tokens")
  .description("end every token that an application was issued until now")
  .argument("<client-id>")
  .action((id: string) => withApp(async ({ revocations }) => {
    await revocations.revokeClient(id);
    print(`every token of ${id} that was issued until now is revoked`);
  }));

for (const [verb, disabled] of [["disable", true], ["enable", false]] as const) {
  clientCommands
    .command(verb)
    .description(
      disabled
        ? "stop an application from minting, within a second on every replica"
        : "let a disabled application mint again",
    )
    .argument("<client-id>")
    .action((id: string) =>
      withApp(async ({ clients }) => {
        const client = await clients.update(id, { disabled });
        print(
          `${client.name} (${client.id}) is ${disabled ? "disabled: tokens it minted live on until they expire or are revoked" : "enabled"}`,
        );
      }),
    );
}

function line({ id, name, disabled, secrets, isPublic }: Client, now: number): string {
  const live = secrets.filter(({ expiresAt }) => expiresAt === null || expiresAt > now).length;
  const kind = isPublic ? "public  " : `${live} secret${live === 1 ? "" : "s"}`;
  return [id, disabled ? "disabled" : "enabled ", kind, name].join("  ");
}

function wholeSeconds(text: string): number {
  if (!/^\d{1,7}$/.test(text) || Number(text) > 2_592_000)
    throw new InvalidArgumentError("must be whole seconds from 0 to 2592000 (30 days)");
  return Number(text);
}
