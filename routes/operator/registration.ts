import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { presentMetadata } from "../../src/clients/presentation.js";
import { RegisteredClient, RegistrationBody } from "../schemas/operator/clients.js";
import { errors, ref, type Security } from "../schemas/common.js";

const schema = {
  operationId: "registerClient",
  tags: ["clients"],
  summary: "Register an application",
  description: "AUTHFLOW_REGISTRATION decides who may register clients. Only this answer shows the secret. " +
    "Applications that can't keep a secret (browser, mobile) register with `token_endpoint_auth_method` none. " +
    "`permissions` are `mint`, `login`, `introspect:own` and `revoke:own` by default, `login` for a public client. " +
    "`redirect_uri` is needed with `login` only.",
  security: [{}, { registrationToken: [] }, { adminToken: [] }] as Security,
  body: ref(RegistrationBody),
  response: {
    201: { ...ref(RegisteredClient), description: "Registered" },
    ...errors(400, 401, 403, 413, 415, 429, 503),
  },
};

const clients: FastifyPluginAsyncTypebox = async (app) => {
  app.post(
    "/clients",
    { schema, preParsing: app.mayRegister },
    async (request, reply) => {
      const { isTrustedRegistrant: isTrusted, body } = request;
      const { name, redirect_uri, redirect_uris, token_endpoint_auth_method, response_types, permissions } = body;
      const { client, secret } = await app.clients.register({
        name, logoUri: body.logo_uri,
        redirectUri: redirect_uri, redirectUris: redirect_uris, responseTypes: response_types, permissions,
        isPublic: token_endpoint_auth_method === "none", isTrusted,
      });
      request.logFields = { client_id: client.id, client_name: client.name };
      return reply.code(201)
        .send({ ...presentMetadata(client), ...(secret !== undefined && { client_secret: secret }) });
    },
  );
};
export default clients;
