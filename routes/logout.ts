import { Type } from "@sinclair/typebox";
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { errors, ref, type Security } from "./schemas/common.js";
import { LogoutResponse } from "./schemas/tokens.js";

const schema = {
  operationId: "logout",
  tags: ["tokens"],
  summary: "Revoke the bearer token, everywhere and at once",
  description:
    "When the answer is 200 the revocation is durable and in effect. A second logout of the same token is 401. On 503 " +
    "the revocation is recorded but not yet everywhere: repeat the call.",
  security: [{ accessToken: [] }] as Security,
  body: Type.Optional(Type.Union([Type.Object({}, { additionalProperties: false }), Type.Null()])),
  response: { 200: { ...ref(LogoutResponse), description: "Revoked" }, ...errors(400, 401, 413, 415, 429, 503) },
};

const logout: FastifyPluginAsyncTypebox = async (app) => {
  // Not `liveBearer`: a logout that was answered 503 must be able to be finished by its repetition.
  app.post("/logout", { schema, preParsing: app.verifyBearer }, async ({ user, kid }) => {
    await app.revocations.revoke({ claims: user, kid });
    return { revoked: true as const, jti: user.jti };
  });
};
export default logout;
