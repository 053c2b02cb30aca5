import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { ref } from "./schemas/common.js";
import { Jwks } from "./schemas/tokens.js";

const schema = {
  operationId: "jwks",
  security: [],
  tags: ["discovery"],
  summary: "The public keys that verify every token",
  description: "RFC 7517. Cache it as Cache-Control says, and fetch it again when a token names an unknown kid.",
  response: {
    200: { ...ref(Jwks), description: "The keys, the active one first" },
    304: { type: "null" as const, description: "Unchanged since the ETag" },
  },
};

const jwks: FastifyPluginAsyncTypebox = async (app) => {
  // Read by every verifier, again and again: no line in the log, no limit; any page in a browser may read it too.
  app.get("/.well-known/jwks.json", { schema, logLevel: "warn" }, (request, reply) => {
    const { body, etag, maxAge } = app.keys.jwks;
    reply.headers({
      "access-control-allow-origin": "*", "cross-origin-resource-policy": "cross-origin",
      "cache-control": `public, max-age=${maxAge}`, "content-type": "application/json; charset=utf-8", etag,
    });
    // A proxy may have weakened the tag (W/"…") or a cache may ask about several.
    if (request.headers["if-none-match"]?.includes(etag)) return reply.code(304).send();
    return reply.send(body); // text: serialised once per change of the ring, and sent as it is
  });
};
export default jwks;
