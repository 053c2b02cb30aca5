import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { ref } from "../schemas/common.js";
import { Jwks } from "../schemas/discovery/jwks.js";

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
  app.get("/.well-known/jwks.json", { schema, logLevel: "warn" }, (_request, reply) =>
    reply.publish({ ...app.keys.jwks, type: "application/json; charset=utf-8" }));
};
export default jwks;
