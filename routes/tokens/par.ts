import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { Client } from "../../src/clients/client.js";
import { errors, ref, type Security } from "../schemas/common.js";
import { PushedForm, PushedResponse } from "../schemas/login/authorize.js";

const schema = {
  operationId: "pushAuthorizationRequest",
  tags: ["login"],
  summary: "Send the parameters of /authorize beforehand",
  description: "RFC 9126. The browser then carries only `client_id` and `request_uri`.",
  security: [{ clientBasic: [] }, {}] as Security,
  consumes: ["application/x-www-form-urlencoded"],
  body: ref(PushedForm),
  response: {
    201: { ...ref(PushedResponse), description: "Kept" }, ...errors(400, 401, 413, 415, 429, 503),
  },
};

const par: FastifyPluginAsyncTypebox = async (app) => {
  const options = { schema, config: { form: true }, preHandler: app.identifyClient };
  app.post("/par", options, async ({ client, body }, reply) => {
    const { client_secret: _secret, client_assertion: _assertion, client_assertion_type: _type, ...parameters } = body;
    return reply.code(201).send(await app.authorization.push(client as Client, parameters));
  });
};
export default par;
