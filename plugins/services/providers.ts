import fp from "fastify-plugin";
import { LOCAL, localProvider } from "../../src/providers/local.js";
import type { Provider } from "../../src/providers/provider.js";
import { connectProvider } from "../../src/providers/table.js";

declare module "fastify" {
  interface FastifyInstance {
    /** The configured identity providers, by name. */
    providers: ReadonlyMap<string, Provider>;
  }
}

export default fp(async (app, { upstreamSocket }: { upstreamSocket?: string | undefined }) => {
  const { config: { providers }, clock, timing, loginChallenges } = app;
  if (providers.every(({ name }) => name === LOCAL)) {
    app.decorate("providers", new Map(providers.map((one) => [one.name, localProvider(one, loginChallenges)])));
    return;
  }
  // Imported here, because the upstream drivers cost memory and time that a service without providers does not need.
  const { connectUpstreams } = await import("../../src/upstream/connect.js");
  const connect = connectUpstreams(clock, {
    timeout: timing.upstreamTimeout,
    socketPath: upstreamSocket,
    onIgnored: (err) => { app.log.warn({ err }, "A provider did not say all about a user: the login went on"); },
  });
  app.decorate("providers", new Map(providers.map((one) =>
    [one.name, one.name === LOCAL ? localProvider(one, loginChallenges) : connectProvider(one, connect, clock)])));
}, { name: "providers", dependencies: ["login-challenges"] });
