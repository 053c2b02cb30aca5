import fp from "fastify-plugin";
import { TokenIssuer } from "../src/tokens/issuer.js";

declare module "fastify" {
  interface FastifyInstance { tokens: TokenIssuer }
}

export default fp(async (app) => {
  const { clock, config: { issuer, tokenTtl: ttl, tokenTtlMax: ttlMax }, keys: ring } = app;
  app.decorate("tokens", new TokenIssuer({ ring, clock, issuer, ttl, ttlMax }));
}, { name: "tokens", dependencies: ["keys"] });
