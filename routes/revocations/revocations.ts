import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { Client } from "../../src/clients/client.js";
import { errors, ref, type Security } from "../schemas/common.js";
import { RevocationBody, RevokedSubject } from "../schemas/revocations/revocations.js";

const schema = {
  operationId: "revokeSubject",
  tags: ["revocations"],
  summary: "Log a user out everywhere",
  description:
    "Revokes every token of the subject that was issued until now, by any client. The client must be allowed to mint " +
    "for the subject. Tokens that are issued after the answer stay valid. On 503 repeat the call.",
  security: [{ clientBasic: [] }, {}] as Security,
  body: ref(RevocationBody),
  response: { 200: { ...ref(RevokedSubject), description: "In effect" }, ...errors(400, 401, 403, 413, 415, 429, 503) },
};

const revocations: FastifyPluginAsyncTypebox = async (app) => {
  const preHandler = [app.authenticateClient, app.limitCutoffs];
  app.post("/revocations", { schema, preHandler }, async ({ client, body: { sub } }) => {
    await app.revocations.revokeSubject(client as Client, sub);
    return { revoked: true as const, sub };
  });
};
export default revocations;
