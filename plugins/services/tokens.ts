import fp from "fastify-plugin";
import { loginProviders } from "../../src/providers/table.js";
import { TokenIssuer } from "../../src/tokens/issuer.js";

declare module "fastify" {
  interface FastifyInstance { tokens: TokenIssuer }
}

export default fp(async (app) => {
  const { clock, config: { issuer, tokenTtl: ttl, tokenTtlMax: ttlMax, providers, statusLists }, keys: ring } = app;
  app.decorate("tokens", new TokenIssuer({
    ring, clock, issuer, ttl, ttlMax, loginProviders: loginProviders(providers), statuses: app.statusAllocator, statusLists,
  }));
}, { name: "tokens", dependencies: ["keys", "status-lists"] });
