import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { errors } from "../schemas/common.js";
import { StatusListPath, StatusListToken } from "../schemas/discovery/status-lists.js";

const MEDIA_TYPE = "application/statuslist+jwt";
const schema = {
  operationId: "statusList",
  security: [],
  tags: ["discovery"],
  summary: "Get a signed list that says which tokens are revoked",
  description: "Token Status List (draft-ietf-oauth-status-list). A token's claim `status.status_list` has the " +
    "list's `uri` and the token's index `idx`; a bit of 1 means INVALID. A revocation appears in the list within " +
    "seconds; caches may keep a list for as long as `Cache-Control` allows. The list is public and contains no user " +
    "data.",
  params: StatusListPath,
  response: {
    200: { description: "The Status List Token", content: { [MEDIA_TYPE]: { schema: StatusListToken } } },
    304: { type: "null" as const, description: "The ETag in If-None-Match is current" },
    ...errors(400, 404, 429, 503),
  },
};

const statusLists: FastifyPluginAsyncTypebox = async (app) => {
  // As the JWKS: verifiers poll it, hence no log line.
  app.get("/status-lists/:id", { schema, logLevel: "warn" }, async ({ params: { id } }, reply) => {
    const { token: body, etag, maxAge } = await app.statusLists.read(id);
    return reply.publish({ body, type: MEDIA_TYPE, etag, maxAge });
  });
};
export default statusLists;
