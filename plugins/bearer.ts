import jwt from "@fastify/jwt";
import type { FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import { AuthflowError, invalidToken, missingToken } from "../src/errors.js";
import type { AccessTokenClaims } from "../src/tokens/claims.js";
import { checkAccessToken, type JoseHeader, verificationKey } from "../src/tokens/verification.js";

declare module "fastify" {
  interface FastifyInstance {
    /** Guard: a token of this issuer that has not expired. Whether it was revoked is not asked. */
    verifyBearer: (request: FastifyRequest) => Promise<void>;
    /** Guard: as `verifyBearer`, and the token is not revoked. */
    liveBearer: (request: FastifyRequest) => Promise<void>;
  }
}
declare module "@fastify/jwt" {
  interface FastifyJWT { user: AccessTokenClaims }
}

interface Decoded { header: JoseHeader; payload: Record<string, unknown> }

export default fp(async (app) => {
  await app.register(jwt, {
    // The token's kid chooses among our own keys, whatever keys it brings along.
    secret: {
      public: async (_request: FastifyRequest, token: unknown) =>
        verificationKey(app.keys, (token as Decoded).header).pem,
    } as never,
    decode: { complete: true },
    verify: {
      complete: true,
      algorithms: ["RS256"],
      allowedIss: app.config.issuer,
      requiredClaims: ["iss", "exp"],
      cache: false,
    },
    formatUser: (token) => {
      const { header, payload } = token as unknown as Decoded;
      return checkAccessToken(header, payload, verificationKey(app.keys, header));
    },
  });
  const verify = async (request: FastifyRequest): Promise<void> => {
    if (request.headers.authorization === undefined)
      throw missingToken("Send the token in the header Authorization: Bearer <token>");
    try {
      await request.jwtVerify();
    } catch (error) {
      throw error instanceof AuthflowError ? error : invalidToken(reason(error as { code?: string }), error);
    }
  };
  app.decorate("verifyBearer", verify);
  app.decorate("liveBearer", async (request) => {
    await verify(request);
    if (await app.revocations.isRevoked(request.user.jti)) throw invalidToken("The token was revoked");
  });
}, { name: "bearer", dependencies: ["keys", "revocation"] });

const reason = ({ code }: { code?: string }): string =>
  code === "FST_JWT_AUTHORIZATION_TOKEN_EXPIRED"
    ? "The token has expired"
    : "The token is not a valid token of this issuer";
