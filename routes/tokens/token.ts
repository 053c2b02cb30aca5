import { Type } from "@sinclair/typebox";
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { Client } from "../../src/clients/client.js";
import type { TokenParameters } from "../../src/grants/grants.js";
import { errors, ref, type Security } from "../schemas/common.js";
import { TokenResponse } from "../schemas/tokens/token.js";

const schema = {
  operationId: "token",
  tags: ["tokens"],
  summary: "Get a token by one of the grants",
  description: "RFC 6749 §3.2. `authorization_code`: exchanges the code of a login. A code is valid once. If it is " +
    "sent again, the token that was issued for it is revoked. `client_credentials`: a token of the client's own, " +
    "whose `sub` is its `client_id`. Confidential clients authenticate by HTTP Basic or in the body; public clients " +
    "send their `client_id`.",
  security: [{ clientBasic: [] }, {}] as Security,
  consumes: ["application/x-www-form-urlencoded"],
  body: Type.Unsafe<TokenParameters>({ $ref: "TokenRequest#" }),
  response: { 200: { ...ref(TokenResponse), description: "The token" }, ...errors(400, 401, 413, 415, 429, 503) },
};

const token: FastifyPluginAsyncTypebox = async (app) => {
  app.post("/token", { schema, config: { form: true }, preHandler: app.identifyClient }, async (request) => {
    const { client, body } = request;
    const exchange = () => app.grants.exchange(client as Client, body);
    // Anyone can send a public client's id, and guess. The others are limited by client.
    return client?.authMethod === "none" ? app.countFailures(request, exchange) : exchange();
  });
};
export default token;
