import fp from "fastify-plugin";
import { loginProviders } from "../../src/providers/table.js";
import type { AccessTokenClaims } from "../../src/tokens/claims.js";
import { TokenIssuer } from "../../src/tokens/issuer.js";
import { userinfoOf } from "../../src/tokens/userinfo.js";
import { TokenVerifier } from "../../src/tokens/verifier.js";

declare module "fastify" {
  interface FastifyInstance {
    tokens: TokenIssuer;
    tokenVerifier: TokenVerifier;
    /** The answer of userinfo for a live token. */
    userinfo: (claims: AccessTokenClaims) => Pick<AccessTokenClaims, "sub">;
  }
}

export default fp(async (app) => {
  const { clock, systemClock, isClockSynchronised, config, keys: ring, statusAllocator: statuses } = app;
  const { issuer, standardIssuer, tokenTtl: ttl, tokenTtlMax: ttlMax, providers, statusLists } = config;
  app.decorate("tokens", new TokenIssuer({
    ring, clock, isClockSynchronised, issuer, standardIssuer, ttl, ttlMax, loginProviders: loginProviders(providers),
    statuses, statusLists,
  }));
  app.decorate("tokenVerifier", new TokenVerifier({ ring, clock, systemClock, issuers: [issuer, standardIssuer] }));
  app.decorate("userinfo", (claims) => userinfoOf(claims, { issuer, standardIssuer }));
}, { name: "tokens", dependencies: ["clock", "keys", "status-lists"] });
