import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { Client } from "../../src/clients/client.js";
import { errors, ref, type Security } from "../schemas/common.js";
import { IntrospectionForm, IntrospectionResponse } from "../schemas/tokens/introspect.js";

const schema = {
  operationId: "introspect",
  tags: ["tokens"],
  summary: "Check whether a token is valid, and get its claims",
  description: "RFC 7662. For services that can't verify a JWT themselves. Anything but a valid token of this issuer " +
    "gives `active: false`, for any reason. So does a token that was issued to another client and does not name this " +
    "one in `aud`, unless the client has the permission `introspect:any`. A refresh token's answer has no " +
    "`token_type`: no service may accept it as an access token. If Authflow can't determine the state, the answer is " +
    "503.",
  security: [{ clientBasic: [] }, {}] as Security,
  consumes: ["application/x-www-form-urlencoded"],
  body: ref(IntrospectionForm),
  response: {
    200: { ...ref(IntrospectionResponse), description: "The state of the token" },
    ...errors(400, 401, 413, 415, 429, 503),
  },
};

const introspect: FastifyPluginAsyncTypebox = async (app) => {
  const options = { schema, config: { form: true }, preHandler: app.authenticateClient };
  app.post("/introspect", options, async ({ client, body }) => {
    if (app.refreshTokens.recognises(body.token)) {
      const state = await app.refreshTokens.introspect(client as Client, body.token);
      return { ...state, active: state !== null };
    }
    const live = await app.liveTokens.introspect(client as Client, body.token);
    return live === null ? { active: false } : { ...live.claims, active: true, token_type: "Bearer" as const };
  });
};
export default introspect;
