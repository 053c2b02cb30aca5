import { Type } from "@sinclair/typebox";
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { Client } from "../../src/clients/client.js";
import { errors, ref, type Security } from "../schemas/common.js";
import { RevokeForm } from "../schemas/tokens/revoke.js";

const schema = {
  operationId: "revoke",
  tags: ["tokens"],
  summary: "Revoke an access token or a refresh token of your own",
  description: "RFC 7009. For a client that does not need a token any more. Once the answer is 200, an access token " +
    "is refused everywhere. A refresh token ends with its whole login: all tokens that the client was issued in that " +
    "session are revoked; the answer takes half a second longer. Of a token that is unknown, not valid any more or " +
    "another client's nothing happens, and the answer is 200 too. On 503 repeat the call. Public clients send their " +
    "`client_id` only.",
  security: [{ clientBasic: [] }, {}] as Security,
  consumes: ["application/x-www-form-urlencoded"],
  body: ref(RevokeForm),
  response: {
    200: Type.Object({}, { description: "The token is not valid any more" }), ...errors(400, 401, 413, 415, 429, 503),
  },
};

const revoke: FastifyPluginAsyncTypebox = async (app) => {
  app.post("/revoke", { schema, config: { form: true }, preHandler: app.identifyClient }, async (request) => {
    const [client, { token }, { refreshTokens, revocations }] = [request.client as Client, request.body, app];
    if (refreshTokens.recognises(token)) await refreshTokens.revoke(client, token, () => app.limitCutoffs(request));
    else await revocations.revokeOwn(client, token);
    return {};
  });
};
export default revoke;
