import { Command, InvalidArgumentError } from "commander";
import { presentClient } from "../../routes/schemas/clients.js";
import type { Client } from "../clients/client.js";
import { print, withApp } from "./run.js";

export const clientCommands = new Command("clients").description("register and manage applications");

clientCommands.command("add")
  .description("register an application; its secret is shown only now")
  .argument("<name>", "what people call it")
  .argument("<redirect-uris...>", "1 to 20 absolute URIs, https unless loopback")
  .action((name: string, redirectUris: string[]) => withApp(async ({ clients }) => {
    const { client, secret } = await clients.register({ name, redirectUris });
    print({ client_id: client.id, client_secret: secret, name: client.name, redirect_uris: client.redirectUris });
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

function line({ id, name, disabled, secrets }: Client, now: number): string {
  const live = secrets.filter(({ expiresAt }) => expiresAt === null || expiresAt > now).length;
  return [id, disabled ? "disabled" : "enabled ", `${live} secret${live === 1 ? "" : "s"}`, name].join("  ");
}

function wholeSeconds(text: string): number {
  if (!/^\d{1,7}$/.test(text) || Number(text) > 2_592_000)
    throw new InvalidArgumentError("must be whole seconds from 0 to 2592000 (30 days)");
  return Number(text);
}
