import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { presentClient } from "../../src/clients/presentation.js";
import {
  ClientId,
  ClientList,
  ClientListQuery,
  ClientPatchBody,
  ClientResponse,
  RevokedClient,
  RotatedSecret,
  RotateSecretBody,
} from "../schemas/operator/clients.js";
import { errors, ref, type Security } from "../schemas/common.js";

const common = { tags: ["operators"], security: [{ adminToken: [] }] as Security };
const one = { ...common, params: ClientId };

const adminClients: FastifyPluginAsyncTypebox = async (app) => {
  app.addHook("preParsing", app.operatorOnly);

  app.get(
    "/clients",
    {
      schema: {
        ...common,
        operationId: "listClients",
        summary: "List clients in the order of registration",
        querystring: ClientListQuery,
        response: { 200: { ...ref(ClientList), description: "One page" }, ...errors(400, 401, 403, 429, 503) },
      },
    },
    async ({ query: { limit, cursor } }) => {
      const { clients, next } = await app.clients.list({ limit, after: cursor });
      return { clients: clients.map(presentClient), next_cursor: next };
    },
  );

  app.get("/clients/:client_id", {
    schema: {
      ...one, operationId: "readClient", summary: "Read a client",
      response: { 200: { ...ref(ClientResponse), description: "The client" }, ...errors(400, 401, 403, 404, 429, 503) },
    },
  }, async ({ params }) => presentClient(await app.clients.read(params.client_id)));

  app.patch(
    "/clients/:client_id",
    {
      schema: {
        ...one,
        operationId: "updateClient",
        summary: "Change, disable or enable a client",
        body: ref(ClientPatchBody),
        description: "In effect at once on the replica that answers, and within a second on the others.",
        response: {
          200: { ...ref(ClientResponse), description: "The client as it is now" },
          ...errors(400, 401, 403, 404, 413, 415, 429, 503),
        },
      },
    },
    async ({ params, body }) => {
      const {
        redirect_uris: redirectUris, response_types: responseTypes, grant_types: grantTypes, logo_uri: logoUri,
        jwks_uri: jwksUri, self_registered: isSelfRegistered, ...patch
      } = body;
      const change = { ...patch, redirectUris, responseTypes, grantTypes, logoUri, jwksUri, isSelfRegistered };
      return presentClient(await app.clients.update(params.client_id, change));
    },
  );

  app.delete("/clients/:client_id", {
    schema: {
      ...one, operationId: "deleteClient", summary: "Delete a client permanently",
      response: { 204: { type: "null" as const, description: "Deleted" },
        ...errors(400, 401, 403, 404, 413, 415, 429, 503) },
    },
  }, async ({ params }, reply) => {
    await app.clients.delete(params.client_id);
    return reply.code(204).send(null);
  });

  app.post(
    "/clients/:client_id/rotate-secret",
    {
      schema: {
        ...one,
        operationId: "rotateClientSecret",
        summary: "Give a client a new secret",
        body: ref(RotateSecretBody),
        description:
          "The current secrets stay valid for `overlap` seconds, so that a deployment can change to the new one.",
        response: {
          200: { ...ref(RotatedSecret), description: "The new secret" },
          ...errors(400, 401, 403, 404, 413, 415, 429, 503),
        },
      },
    },
    async ({ params, body }) => {
      const { client, secret, previousExpiresAt } = await app.clients.rotateSecret(params.client_id, body.overlap);
      return {
        client_id: client.id,
        client_secret: secret,
        previous_expires_at: new Date(previousExpiresAt).toISOString(),
      };
    },
  );

  app.post("/clients/:client_id/revoke-tokens", {
    schema: {
      ...one, operationId: "revokeClientTokens", summary: "Revoke every token that was issued to a client until now",
      description: "Works for deleted clients too. The client can still mint new tokens, unless it is disabled. On " +
        "503 repeat the call.",
      response: {
        200: { ...ref(RevokedClient), description: "In effect" }, ...errors(400, 401, 403, 413, 415, 429, 503),
      },
    },
  }, async ({ params: { client_id } }) => {
    await app.revocations.revokeClient(client_id);
    return { revoked: true as const, client_id };
  });
};
export default adminClients;
