import type { FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import { invalidToken } from "../../src/shared/errors.js";
import type { VerifiedToken } from "../../src/tokens/verifier.js";
import { presentedToken } from "./authorization-header.js";

declare module "fastify" {
  interface FastifyRequest {
    /** The bearer token, once a guard has accepted it. */
    accessToken: VerifiedToken | null;
  }
  interface FastifyInstance {
    /** Guard: a token of this issuer that has not expired. It may have been revoked. */
    verifyBearer: (request: FastifyRequest) => Promise<void>;
    /** Guard: as `verifyBearer`, and the token is not revoked. */
    liveBearer: (request: FastifyRequest) => Promise<void>;
  }
}

export default fp(async (app) => {
  app.decorateRequest("accessToken", null);
  app.decorate("verifyBearer", async (request) => {
    request.accessToken = await app.tokenVerifier.verify(accessToken(request));
  });
  app.decorate("liveBearer", async (request) => {
    request.accessToken = await app.liveTokens.verify(accessToken(request));
  });
  const accessToken = (request: FastifyRequest): string => {
    const token = presentedToken(request);
    if (app.refreshTokens.recognises(token))
      throw invalidToken("This is a refresh token: exchange it at POST /token, and send the access_token");
    return token;
  };
}, { name: "bearer", dependencies: ["tokens", "revocation", "sessions"] });
