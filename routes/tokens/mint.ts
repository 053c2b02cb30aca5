import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { Client } from "../../src/clients/client.js";
import { errors, ref, type Security } from "../schemas/common.js";
import { MintBody } from "../schemas/tokens/mint.js";
import { TokenResponse } from "../schemas/tokens/token.js";

const schema = {
  operationId: "mint",
  tags: ["tokens"],
  summary: "Issue a JWT for a user whom your platform has authenticated",
  description:
    "This issues tokens; it does not authenticate users. Send client credentials in the body or by HTTP Basic, not " +
    "both. With `refresh`, the answer has a refresh token too, which renews the token at `POST /token`.",
  security: [{ clientBasic: [] }, {}] as Security,
  body: ref(MintBody),
  response: { 200: { ...ref(TokenResponse), description: "The token" }, ...errors(400, 401, 403, 413, 415, 429, 503) },
};

const mint: FastifyPluginAsyncTypebox = async (app) => {
  app.post("/mint", { schema, preHandler: app.clientWith("mint") }, async ({ client, body }) => {
    const {
      client_id: _id, client_secret: _secret, client_assertion: _assertion, client_assertion_type: _type, refresh,
      ...request
    } = body;
    return (refresh === true ? app.refreshTokens : app.tokens).mint(client as Client, request);
  });
};
export default mint;
