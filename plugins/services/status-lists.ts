import fp from "fastify-plugin";
import { StatusAllocator } from "../../src/status-lists/allocator.js";
import { type StatusReference, statusReference } from "../../src/tokens/status-reference.js";
import { StatusLists } from "../../src/status-lists/status-lists.js";
import type { AccessTokenClaims } from "../../src/tokens/claims.js";

declare module "fastify" {
  interface FastifyInstance {
    statusAllocator: StatusAllocator;
    statusLists: StatusLists;
    /** The token's entry in a status list of this deployment. */
    statusOf: (claims: AccessTokenClaims) => StatusReference | undefined;
  }
}

export default fp(async (app) => {
  const { clock, keys: ring, config: { publicUrl, tokenTtlMax: ttlMax }, database: { statusLists: store, cutoffs } } = app;
  const allocator = new StatusAllocator({ store, clock, publicUrl, ttlMax });
  app.decorate("statusAllocator", allocator);
  app.decorate("statusLists", new StatusLists({ store, cutoffs, ring, clock, publicUrl }));
  app.decorate("statusOf", (claims) => statusReference(publicUrl, claims));
  // Hooks run from the last to the first: by then no request is under way, and the database is still there.
  app.addHook("onClose", async () => {
    await allocator.close().catch((err: unknown) => {
      app.log.error({ err }, "the tokens of the last moments could not be recorded: in their status lists they are INVALID");
    });
  });
}, { name: "status-lists", dependencies: ["database", "keys"] });
