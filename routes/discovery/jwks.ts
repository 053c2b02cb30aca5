import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { ref } from "../schemas/common.js";
import { Jwks } from "../schemas/discovery/jwks.js";

const schema = {
  operationId: "jwks",
  security: [],
  tags: ["discovery"],
  summary: "The public keys that verify every token",
  description: "RFC 7517. Cache it according to `Cache-Control`. Fetch it again if a token has an unknown `kid`.",
  response: {
    200: { ...ref(Jwks), description: "The keys; first the one that signs access tokens" },
    304: { type: "null" as const, description: "The ETag in If-None-Match is current" },
  },
};

const jwks: FastifyPluginAsyncTypebox = async (app) => {
  // Verifiers poll it: hence no log line.
  app.get("/.well-known/jwks.json", { schema, logLevel: "warn" }, (_request, reply) =>
    reply.publish({ ...app.keys.jwks, type: "application/json; charset=utf-8" }));
};
export default jwks;
