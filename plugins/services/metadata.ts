import type { FastifyReply } from "fastify";
import fp from "fastify-plugin";
import { metadata } from "../../src/authorization/metadata.js";
import { etagOf } from "../../src/shared/etag.js";
import { notFound } from "../../src/shared/errors.js";
import { STANDARD_SCOPES } from "../../src/shared/standard-scopes.js";

declare module "fastify" {
  interface FastifyReply {
    /** Answers with the metadata. `path` follows the well-known path (RFC 8414 §3.1): only the issuer's is known. */
    publishMetadata: (path?: string) => FastifyReply;
  }
}

/** Seconds. */
const MAX_AGE = 3600;

export default fp(async (app) => {
  const { standardIssuer: issuer, publicUrl, registration, docs } = app.config;
  const issuerPath = new URL(issuer).pathname.replace(/\/$/, "");
  app.decorateReply("publishMetadata", function (this: FastifyReply, path?: string) {
    if (path !== undefined && (issuerPath === "" || `/${path}` !== issuerPath))
      throw notFound(`There is no issuer with this path here: its metadata is at ${publicUrl}/.well-known/…`);
    const inUse = app.keys.keys.filter(({ state }) => state !== "retired");
    const body = JSON.stringify(metadata({
      issuer, publicUrl, docs, grantTypes: app.grants.types, scopes: STANDARD_SCOPES,
      signingAlgorithms: [...new Set(inUse.map(({ algorithm }) => algorithm))], canRegister: registration !== "closed",
    }));
    return this.publish({ body, type: "application/json; charset=utf-8", etag: etagOf(body), maxAge: MAX_AGE });
  });
}, { name: "metadata", dependencies: ["keys", "logins", "published"] });
