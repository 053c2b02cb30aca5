import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { errors, ref, type Security } from "../schemas/common.js";
import { RevocationBody, Revoked } from "../schemas/revocations/revocations.js";

const schema = {
  operationId: "revokeTokens",
  tags: ["revocations"],
  summary: "Log a user out everywhere, or end a session",
  description:
    "Revokes the tokens of a subject (`sub`) or of a session (`sid`) that were issued until now: those that the " +
    "client was issued, or with the permission `revoke:any` those of every client. For that the client must be " +
    "allowed to mint for the subject; a client with `subject_prefixes` ends only its own tokens of a session. " +
    "Operators name `sub` or `sid`, alone or with `client_id`; or `client_id`; or one token by `token` or `jti`; " +
    "status lists do not show the end of a token that was named by `jti`. Tokens that are issued after the answer " +
    "stay valid. On 503 repeat the call.",
  security: [{ clientBasic: [] }, {}, { adminToken: [] }] as Security,
  body: ref(RevocationBody),
  response: { 200: { ...ref(Revoked), description: "In effect" }, ...errors(400, 401, 403, 413, 415, 429, 503) },
};

const revocations: FastifyPluginAsyncTypebox = async (app) => {
  const preHandler = [app.operatorOrClientWith("revoke"), app.limitCutoffs];
  app.post("/revocations", { schema, preHandler }, async ({ client, body }) => {
    const revoked = client === null
      ? await app.revocations.revokeAsOperator(body)
      : await app.revocations.revokeAsClient(client, body);
    return { revoked: true as const, ...revoked };
  });
};
export default revocations;
