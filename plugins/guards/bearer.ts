import type { FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import { invalidToken, missingToken } from "../../src/shared/errors.js";
import type { VerifiedToken } from "../../src/tokens/verifier.js";

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
    request.accessToken = await app.tokenVerifier.verify(bearerToken(request));
  });
  app.decorate("liveBearer", async (request) => {
    request.accessToken = await app.liveTokens.verify(bearerToken(request));
  });
}, { name: "bearer", dependencies: ["tokens", "revocation"] });

/** RFC 6750 §2.1 */
function bearerToken({ headers: { authorization } }: FastifyRequest): string {
  if (authorization === undefined) throw missingToken("Send the token in the header Authorization: Bearer <token>");
  const [, token] = /^Bearer +(\S+) *$/i.exec(authorization) ?? [];
  if (token === undefined) throw invalidToken("The token is not a valid token of this issuer");
  return token;
}
