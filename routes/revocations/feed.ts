import { Type } from "@sinclair/typebox";
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { errors, ref, type Security } from "../schemas/common.js";
import { presentSnapshot, RevocationSnapshot, SnapshotQuery, StreamHeaders } from "../schemas/revocations/feed.js";

const common = { tags: ["revocations"], security: [{ clientBasic: [] }] as Security };

const revocationFeed: FastifyPluginAsyncTypebox = async (app) => {
  app.get("/revocations/stream", {
    exposeHeadRoute: false,
    preHandler: app.authenticateClient,
    schema: {
      ...common,
      operationId: "streamRevocations",
      summary: "Hear of every revocation as it happens",
      description:
        "Server-Sent Events. `revoked` carries tokens, `issued_before` cut-offs, `current` says that all has been told " +
        "until now, `heartbeat` every 15 s that nothing was missed. Ids are in order; with Last-Event-ID it goes on " +
        "behind that one. Without, or where that is not known any more, it begins with `reset` and all that is revoked. " +
        "`reset` can come later too: what follows it replaces all that you were told, your last event id included.",
      headers: StreamHeaders,
      response: {
        200: {
          description: "The stream, which does not end by itself",
          content: { "text/event-stream": { schema: Type.String() } },
        },
        ...errors(400, 401, 429, 503),
      },
    },
  }, async (request, reply) => { await reply.sendFeed(request.headers["last-event-id"]); });

  app.get("/revocations", {
    preHandler: app.authenticateClient,
    schema: {
      ...common,
      operationId: "listRevocations",
      summary: "All that is revoked, page by page",
      description:
        "Read all pages, then open the stream with `last_event_id` as Last-Event-ID. Every page tells the same one.",
      querystring: SnapshotQuery,
      response: { 200: { ...ref(RevocationSnapshot), description: "One page" }, ...errors(400, 401, 429, 503) },
    },
  }, async ({ query: { limit, cursor } }) => presentSnapshot(await app.feed.page(limit, cursor)));
};
export default revocationFeed;
