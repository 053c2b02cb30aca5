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
    "token of the token's subject that was issued until now is revoked, with `session` every token of the token's " +
    "session (`sid`); the answer takes half a second longer. The refresh tokens of the same login are always ended.",
  security: [{ accessToken: [] }] as Security,
  body: Type.Optional(Type.Union([LogoutBody, Type.Null()])),
  response: { 200: { ...ref(LogoutResponse), description: "Revoked" }, ...errors(400, 401, 413, 415, 429, 503) },
};

const clientOf = ({ claims: { client_id = "" } }: VerifiedToken): string => client_id;

const logout: FastifyPluginAsyncTypebox = async (app) => {
  // Not `liveBearer`: after a 503 the token may already be recorded as revoked, and repeating the call must succeed.
  app.post("/logout", { schema, preParsing: app.verifyBearer }, async (request) => {
    const { accessToken, body } = request;
    const token = accessToken as VerifiedToken;
    const { everywhere = false, session = false } = body ?? {};
    const admit = (): Promise<void> => app.limitCutoffs(request);
    // First: after a 503 here, the repeated call finds a token that is not revoked yet.
    await app.refreshTokenFamilies.endThoseOf(token);
    if (everywhere) await app.revocations.revokeEverywhere(token, admit);
    else if (session) await app.revocations.revokeSession(token, await app.clients.lookUp(clientOf(token)), admit);
    else await app.revocations.revoke(token);
    const ended = { ...(everywhere && { everywhere }), ...(session && { session }) };
    return { revoked: true as const, jti: token.claims.jti, ...ended };
  });
};
export default logout;
