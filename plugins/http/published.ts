import type { FastifyReply } from "fastify";
import fp from "fastify-plugin";

/** `maxAge` is seconds. */
interface Publication { body: string; type: string; etag: string; maxAge: number }

declare module "fastify" {
  interface FastifyReply {
    /** Answers with what anybody may read and keep, also pages in browsers and caches on the way. */
    publish: (publication: Publication) => FastifyReply;
  }
}

export default fp(async (app) => {
  app.decorateReply("publish", function (this: FastifyReply, { body, type, etag, maxAge }) {
    this.headers({
      "access-control-allow-origin": "*", "cross-origin-resource-policy": "cross-origin",
      "cache-control": `public, max-age=${maxAge}`, "content-type": type, etag,
    });
    // A proxy may have weakened the tag (W/"…") or a cache may ask about several.
    if (this.request.headers["if-none-match"]?.includes(etag)) return this.code(304).send();
    return this.send(body); // text: serialised before, and sent as it is
  });
}, { name: "published" });
