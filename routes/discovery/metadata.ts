import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { FastifyReply } from "fastify";
import { metadata } from "../../src/authorization/metadata.js";
import { etagOf } from "../../src/shared/etag.js";
import { notFound } from "../../src/shared/errors.js";
import { STANDARD_SCOPES } from "../../src/shared/standard-scopes.js";
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
/** Seconds. */
const MAX_AGE = 3600;

const discovery: FastifyPluginAsyncTypebox = async (app) => {
  const { standardIssuer: issuer, publicUrl, registration, docs } = app.config;
  const algorithms = () => [...new Set(app.keys.keys.filter(({ state }) => state !== "retired")
    .map(({ algorithm }) => algorithm))];
  const make = () => JSON.stringify(metadata({
    issuer, publicUrl, docs, grantTypes: app.grants.types, scopes: STANDARD_SCOPES,
    signingAlgorithms: algorithms(), canRegister: registration !== "closed",
  }));
  const path = new URL(issuer).pathname.replace(/\/$/, "");
  for (const [url, { operationId, summary }] of Object.entries(PATHS)) {
    const schema = { ...common, operationId, summary, description };
    const options = { logLevel: "warn" as const };
    const publish = (reply: FastifyReply) => {
      const body = make();
      return reply.publish({ body, type: "application/json; charset=utf-8", etag: etagOf(body), maxAge: MAX_AGE });
    };
    app.get(url, { ...options, schema }, (_request, reply) => publish(reply as FastifyReply));
    // RFC 8414 §3.1: the path of the issuer follows.
    app.get(`${url}/*`, { ...options, schema: { hide: true } }, (request, reply) => {
      if (path === "" || `/${(request.params as { "*": string })["*"]}` !== path)
        throw notFound(`There is no issuer with this path here: ask ${publicUrl}${url}`);
      return publish(reply);
    });
  }
};
export default discovery;
