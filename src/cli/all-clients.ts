import type { Client } from "../clients/client.js";
import type { ClientRegistry } from "../clients/registry.js";

const PAGE = 200;

/** Every client, in the order of registration. */
export async function allClients(clients: ClientRegistry): Promise<Client[]> {
  const found: Client[] = [];
  let after: string | undefined;
  do {
    const page = await clients.list({ limit: PAGE, after });
    found.push(...page.clients);
    after = page.next ?? undefined;
  } while (after !== undefined);
  return found;
}
