import fp from "fastify-plugin";
import type { Provider } from "../../src/providers/provider.js";
import { connectProvider } from "../../src/providers/table.js";

declare module "fastify" {
  interface FastifyInstance {
    /** The identity providers that are switched on, by name. */
    providers: ReadonlyMap<string, Provider>;
  }
}

export default fp(async (app, { upstreamSocket }: { upstreamSocket?: string | undefined }) => {
  const { config: { providers }, clock, timing } = app;
  if (providers.length === 0) {
    app.decorate("providers", new Map<string, Provider>());
    return;
  }
  // Loaded where it is needed: what speaks to upstreams takes memory and time that the embedded default can spare.
  const { connectUpstreams } = await import("../../src/upstream/connect.js");
  const connect = connectUpstreams(clock, { timeout: timing.upstreamTimeout, socketPath: upstreamSocket });
  app.decorate("providers", new Map(providers.map((one) => [one.name, connectProvider(one, connect, clock)])));
}, { name: "providers" });
