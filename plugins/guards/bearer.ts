import jwt, { type FastifyJwtVerifyOptions } from "@fastify/jwt";
import type { FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import { CLOCK_ERROR, systemClock } from "../../src/shared/clock.js";
import { AuthflowError, invalidToken, missingToken } from "../../src/shared/errors.js";
import type { AccessTokenClaims } from "../../src/tokens/claims.js";
import { checkAccessToken, type JoseHeader, verificationKey } from "../../src/tokens/verification.js";

declare module "fastify" {
  interface FastifyRequest {
    /** The key that the presented token's header names. */
    kid: string;
  }
  interface FastifyInstance {
    /** Guard: a token of this issuer that has not expired. Whether it was revoked is not asked. */
    verifyBearer: (request: FastifyRequest) => Promise<void>;
    /** Guard: as `verifyBearer`, and the token is not revoked. */
    liveBearer: (request: FastifyRequest) => Promise<void>;
    /** The claims of a token that `liveBearer` would let pass; null for any other. */
    liveClaims: (request: FastifyRequest, token: string) => Promise<AccessTokenClaims | null>;
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
      public: async (request: FastifyRequest, token: unknown) => {
        const { kid, pem } = await verificationKey(app.keys, (token as Decoded).header);
        request.kid = kid;
        return pem;
      },
    } as never,
    decode: { complete: true },
    verify: {
      complete: true,
      algorithms: ["RS256", "ES256", "EdDSA"], // of which `verificationKey` lets pass the key's own
      allowedIss: app.config.issuer,
      requiredClaims: ["iss", "exp"],
      ignoreExpiration: true, // `checkAccessToken` goes by the clock that all replicas share
      cache: false,
    },
    formatUser: (token) => {
      const { header, payload } = token as unknown as Decoded;
      // A machine that slept does not notice while the database is away; its own clock then bounds the damage.
      const now = Math.max(app.clock(), systemClock() - CLOCK_ERROR);
      return checkAccessToken(header, payload, { ring: app.keys, now });
    },
  });
  app.decorateRequest("kid", "");
  const read = (request: FastifyRequest, options?: FastifyJwtVerifyOptions): Promise<AccessTokenClaims> =>
    request.jwtVerify<AccessTokenClaims>(options).catch((error: unknown) => {
      throw error instanceof AuthflowError ? error : invalidToken("The token is not a valid token of this issuer", error);
    });
  const verify = async (request: FastifyRequest): Promise<void> => {
    if (request.headers.authorization === undefined)
      throw missingToken("Send the token in the header Authorization: Bearer <token>");
    await read(request);
  };
  const refuseRevoked = async ({ user: claims, kid }: FastifyRequest): Promise<void> => {
    if (await app.revocations.isRevoked({ claims, kid })) throw invalidToken("The token was revoked");
  };
  app.decorate("verifyBearer", verify);
  app.decorate("liveBearer", async (request) => {
    await verify(request);
    await refuseRevoked(request);
  });
  app.decorate("liveClaims", async (request, token) => {
    try {
      const claims = await read(request, { verify: { extractToken: () => token } } as unknown as FastifyJwtVerifyOptions);
      await refuseRevoked(request);
      return claims;
    } catch (error) {
      if (error instanceof AuthflowError && error.code === "invalid_token") return null;
      throw error;
    }
  });
}, { name: "bearer", dependencies: ["keys", "revocation"] });
