import { Type } from "@sinclair/typebox";
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { VerifiedToken } from "../../src/tokens/verifier.js";
import { errors, ref, type Security } from "../schemas/common.js";
import { LogoutBody, LogoutResponse } from "../schemas/tokens/logout.js";

const schema = {
  operationId: "logout",
  tags: ["tokens"],
  summary: "Revoke the bearer token immediately",
  description:
    "When the answer is 200, the revocation is stored and in effect. A second logout of the same token gives 401. On " +
    "503 the revocation may be recorded but is not in effect everywhere: repeat the call. With `everywhere`, every " +
    "token of the token's subject that was issued until now is revoked; the answer takes half a second longer.",
  security: [{ accessToken: [] }] as Security,
  body: Type.Optional(Type.Union([LogoutBody, Type.Null()])),
  response: { 200: { ...ref(LogoutResponse), description: "Revoked" }, ...errors(400, 401, 413, 415, 429, 503) },
};

const logout: FastifyPluginAsyncTypebox = async (app) => {
  // Not `liveBearer`: after a 503 the token may already be recorded as revoked, and repeating the call must succeed.
  app.post("/logout", { schema, preParsing: app.verifyBearer }, async (request) => {
    const { accessToken, body } = request;
    const token = accessToken as VerifiedToken;
    const everywhere = body?.everywhere === true;
    if (everywhere) await app.revocations.revokeEverywhere(token, () => app.limitCutoffs(request));
    else await app.revocations.revoke(token);
    return { revoked: true as const, jti: token.claims.jti, ...(everywhere && { everywhere }) };
  });
};
export default logout;
