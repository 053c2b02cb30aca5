import { Type } from "@sinclair/typebox";
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { errors, ref, type Security } from "../schemas/common.js";
import { presentSnapshot, RevocationSnapshot, SnapshotQuery, StreamHeaders } from "../schemas/revocations/feed.js";

const common = { tags: ["revocations"], security: [{ clientBasic: [] }] as Security };

const revocationFeed: FastifyPluginAsyncTypebox = async (app) => {
  const preHandler = app.clientWith("feed");
  app.get("/revocations/stream", {
    exposeHeadRoute: false,
    preHandler,
    schema: {
      ...common,
      operationId: "streamRevocations",
      summary: "Follow revocations as they happen",
      description:
        "Server-Sent Events. `revoked` contains tokens and `issued_before` contains cut-offs. `current` means that " +
        "all revocations until now have been sent; `heartbeat`, every 15 s, that none was missed. Event ids are " +
        "ordered. With `Last-Event-ID` the stream continues after that event. Without it, or if the event is not " +
        "known any more, the stream begins with `reset` and a complete snapshot. `reset` can also come later: " +
        "discard all that you received before it, including the last event id. In a terminal: " +
        "`curl -N -u client_id:client_secret …/revocations/stream`.",
      headers: StreamHeaders,
      response: {
        200: {
          description: "The stream. It has no end",
          content: { "text/event-stream": { schema: Type.String() } },
        },
        ...errors(400, 401, 403, 429, 503),
      },
    },
  }, async (request, reply) => { await reply.sendFeed(request.headers["last-event-id"]); });

  app.get("/revocations", {
    preHandler,
    schema: {
      ...common,
      operationId: "listRevocations",
      summary: "List all revocations in pages",
      description:
        "Read all pages, then open the stream with `last_event_id` as `Last-Event-ID`. All pages have the same one.",
      querystring: SnapshotQuery,
      response: { 200: { ...ref(RevocationSnapshot), description: "One page" }, ...errors(400, 401, 403, 429, 503) },
    },
  }, async ({ query: { limit, cursor } }) => presentSnapshot(await app.feed.page(limit, cursor)));
};
export default revocationFeed;
