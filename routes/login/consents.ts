import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { VerifiedToken } from "../../src/tokens/verifier.js";
import { errors, ref, type Security } from "../schemas/common.js";
import { ConsentList } from "../schemas/login/consents.js";
import { ClientId } from "../schemas/operator/clients.js";

const common = { tags: ["login"], security: [{ accessToken: [] }] as Security };
const list = {
  ...common,
  operationId: "listConsents",
  summary: "List the applications that the token's user allowed",
  description: "Only clients that registered themselves need a user's consent. The token of such a client shows its " +
    "own consent only.",
  response: { 200: { ...ref(ConsentList), description: "The oldest first" }, ...errors(400, 401, 429, 503) },
};
const withdraw = {
  ...common,
  operationId: "withdrawConsent",
  summary: "Withdraw a user's consent to an application",
  description: "All tokens and refresh tokens that the client has of this user are revoked when the answer is 204, " +
    "which takes half a second. The next login there asks the user again. Repeating it is no error. On 503 repeat " +
    "the call. A client that registered itself may withdraw its own consent only.",
  params: ClientId,
  response: {
    204: { type: "null" as const, description: "Withdrawn" }, ...errors(400, 401, 403, 413, 415, 429, 503),
  },
};

const consents: FastifyPluginAsyncTypebox = async (app) => {
  app.get("/consents", { schema: list, preParsing: app.liveBearer }, async ({ accessToken }) => {
    const given = await app.consents.list(accessToken as VerifiedToken);
    return {
      consents: given.map(({ client: { id, name, logoUri }, scopes, at, grantedAt }) => ({
        client_id: id, client_name: name, ...(logoUri !== null && { logo_uri: logoUri }), scope: scopes.join(" "),
        resources: at.map((one) => ({ resource: one.resource, scope: one.scopes.join(" ") })),
        granted_at: new Date(grantedAt).toISOString(),
      })),
    };
  });

  app.delete("/consents/:client_id", { schema: withdraw, preParsing: app.liveBearer }, async (request, reply) => {
    const clientId = request.params.client_id.toLowerCase();
    await app.consents.withdraw(request.accessToken as VerifiedToken, clientId, () => app.limitCutoffs(request));
    return reply.code(204).send(null);
  });
};
export default consents;
