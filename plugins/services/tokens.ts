import fp from "fastify-plugin";
import { loginProviders } from "../../src/providers/table.js";
import { TokenIssuer } from "../../src/tokens/issuer.js";
import { TokenVerifier } from "../../src/tokens/verifier.js";

declare module "fastify" {
  interface FastifyInstance { tokens: TokenIssuer; tokenVerifier: TokenVerifier }
}

export default fp(async (app) => {
  const { clock, systemClock, isClockSynchronised, config, keys: ring, statusAllocator: statuses } = app;
  const { issuer, standardIssuer, tokenTtl: ttl, tokenTtlMax: ttlMax, providers, statusLists } = config;
  app.decorate("tokens", new TokenIssuer({
    ring, clock, isClockSynchronised, issuer, standardIssuer, ttl, ttlMax, loginProviders: loginProviders(providers),
    statuses, statusLists,
  }));
  app.decorate("tokenVerifier", new TokenVerifier({ ring, clock, systemClock, issuers: [issuer, standardIssuer] }));
}, { name: "tokens", dependencies: ["clock", "keys", "status-lists"] });
