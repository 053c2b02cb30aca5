import fp from "fastify-plugin";
import { loginProviders } from "../src/providers/table.js";
import { TokenIssuer } from "../src/tokens/issuer.js";

declare module "fastify" {
  interface FastifyInstance { tokens: TokenIssuer }
}

export default fp(async (app) => {
  const { clock, config: { issuer, tokenTtl: ttl, tokenTtlMax: ttlMax, providers }, keys: ring } = app;
  app.decorate("tokens", new TokenIssuer({ ring, clock, issuer, ttl, ttlMax, loginProviders: loginProviders(providers) }));
}, { name: "tokens", dependencies: ["keys"] });
