import type { FastifyReply } from "fastify";
import fp from "fastify-plugin";

/** `maxAge` is seconds. */
interface Publication { body: string; type: string; etag: string; maxAge: number }

declare module "fastify" {
  interface FastifyReply {
    /** Answers with a public document: any site's pages may read it (CORS), and any cache may store it. */
    publish: (publication: Publication) => FastifyReply;
  }
}

export default fp(async (app) => {
  app.decorateReply("publish", function (this: FastifyReply, { body, type, etag, maxAge }) {
    this.headers({
      "access-control-allow-origin": "*", "cross-origin-resource-policy": "cross-origin",
      "cache-control": `public, max-age=${maxAge}`, "content-type": type, etag,
    });
    // A proxy may have weakened the tag (W/"…"), and the header may list several tags, or be * (RFC 9110 §13.1.2).
    const known = this.request.headers["if-none-match"];
    if (known === "*" || known?.includes(etag)) return this.code(304).send();
    return this.send(body); // already serialised: Fastify sends a string as it is
  });
}, { name: "published" });
