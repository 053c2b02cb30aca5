import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { errors } from "../schemas/common.js";
import { StatusListPath, StatusListToken } from "../schemas/discovery/status-lists.js";

const MEDIA_TYPE = "application/statuslist+jwt";
const schema = {
  operationId: "statusList",
  security: [],
  tags: ["discovery"],
  summary: "Which tokens of a list are revoked, signed",
  description: "Token Status List (draft-ietf-oauth-status-list). Tokens name their list and their place in it in " +
    "`status.status_list` {`idx`, `uri`}; a bit of 1 is INVALID. A logout shows within seconds, and caches keep the list " +
    "as long as Cache-Control says. It holds nobody's name: anyone may read it.",
  params: StatusListPath,
  response: {
    200: { description: "The Status List Token", content: { [MEDIA_TYPE]: { schema: StatusListToken } } },
    304: { type: "null" as const, description: "Unchanged since the ETag" },
    ...errors(400, 404, 429, 503),
  },
};

const statusLists: FastifyPluginAsyncTypebox = async (app) => {
  // As the JWKS: read again and again, by every verifier or by the cache before them, and by pages in browsers.
  app.get("/status-lists/:id", { schema, logLevel: "warn" }, async ({ params: { id } }, reply) => {
    const { token: body, etag, maxAge } = await app.statusLists.read(id);
    return reply.publish({ body, type: MEDIA_TYPE, etag, maxAge });
  });
};
export default statusLists;
