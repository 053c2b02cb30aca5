import fp from "fastify-plugin";
import { type AssertionKeys, ClientAssertions } from "../../src/clients/client-assertion.js";

declare module "fastify" {
  interface FastifyInstance { clientAssertions: ClientAssertions }
}

export default fp(async (app, { upstreamSocket: socketPath }: { upstreamSocket?: string | undefined }) => {
  const { clock, clients, database, timing, config: { publicUrl, standardIssuer, loopback: isLocal } } = app;
  let keys: Promise<AssertionKeys> | undefined;
  // Imported with the first assertion, because most services never see one.
  const connected = () => keys ??= import("../../src/upstream/client-keys.js").then(({ clientKeys }) =>
    clientKeys({ clock, timeout: timing.upstreamTimeout, socketPath, isLocal }));
  app.decorate("clientAssertions", new ClientAssertions({
    clients, clock, used: database.usedValues,
    keys: { verify: async (client, assertion) => (await connected()).verify(client, assertion) },
    audiences: [standardIssuer, `${publicUrl}/token`],
  }));
}, { name: "client-assertions", dependencies: ["clients", "database"] });
