import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { ref } from "../schemas/common.js";
import { Metadata } from "../schemas/discovery/metadata.js";

const common = {
  security: [],
  tags: ["discovery"],
  response: {
    200: { ...ref(Metadata), description: "The metadata" },
    304: { type: "null" as const, description: "The ETag in If-None-Match is current" },
  },
};
const description = "Every OpenID Connect and OAuth client that is given the issuer reads it. It follows from what " +
  "this deployment does.";
const PATHS = {
  "/.well-known/openid-configuration": { operationId: "openidConfiguration", summary: "OpenID Connect Discovery" },
  "/.well-known/oauth-authorization-server": { operationId: "oauthMetadata", summary: "OAuth metadata (RFC 8414)" },
};
const discovery: FastifyPluginAsyncTypebox = async (app) => {
  const quiet = { logLevel: "warn" as const };
  for (const [url, named] of Object.entries(PATHS)) {
    app.get(url, { ...quiet, schema: { ...common, ...named, description } }, (_request, reply) =>
      reply.publishMetadata() as never);
    // RFC 8414 §3.1: the path of the issuer follows.
    app.get<{ Params: { "*": string } }>(`${url}/*`, { ...quiet, schema: { hide: true } }, ({ params }, reply) =>
      reply.publishMetadata(params["*"]));
  }
};
export default discovery;
