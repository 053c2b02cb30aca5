import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { presentRegistered } from "../../src/clients/presentation.js";
import { RegisteredClient, RegistrationBody } from "../schemas/operator/clients.js";
import { errors, ref, type Security } from "../schemas/common.js";

const schema = {
  operationId: "registerClient",
  tags: ["clients"],
  summary: "Register an application",
  description: "AUTHFLOW_REGISTRATION decides who may register clients. Takes Authflow's own form, and that of OAuth " +
    "2.0 Dynamic Client Registration (RFC 7591) with its errors `invalid_client_metadata` and " +
    "`invalid_redirect_uri`. " +
    "Only this answer shows the secret. Applications that can't keep a secret (browser, mobile) register with " +
    "`token_endpoint_auth_method` none. `permissions` are `mint`, `login`, `introspect:own` and `revoke:own` by " +
    "default, `login` for a public client. `redirect_uri` is needed with `login` only.",
  security: [{}, { registrationToken: [] }, { adminToken: [] }] as Security,
  body: ref(RegistrationBody),
  response: {
    201: { ...ref(RegisteredClient), description: "Registered" },
    ...errors(400, 401, 403, 413, 415, 429, 503),
  },
};

const clients: FastifyPluginAsyncTypebox = async (app) => {
  const options = {
    schema, preParsing: [app.mayRegister, app.limitStrangers],
    ...app.standardRegistration(Object.keys(RegistrationBody.properties)),
  };
  app.post("/clients", options, async (request, reply) => {
    const { registrant, isStandardRegistration: isStandard, body } = request;
    const { client, secret } = await app.clients.register({
      name: body.client_name ?? body.name, logoUri: body.logo_uri, redirectUri: body.redirect_uri,
      redirectUris: body.redirect_uris, grantTypes: body.grant_types, responseTypes: body.response_types,
      authMethod: body.token_endpoint_auth_method, jwks: body.jwks, jwksUri: body.jwks_uri,
      idTokenAlg: body.id_token_signed_response_alg, permissions: body.permissions, registrant, isStandard,
    });
    request.logFields = { client_id: client.id, client_name: client.name };
    return reply.code(201).send(presentRegistered(client, secret, app.config.selfRegistered));
  });
};
export default clients;
