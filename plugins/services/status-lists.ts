import fp from "fastify-plugin";
import { StatusAllocator } from "../../src/status-lists/allocator.js";
import { type StatusReference, statusReference } from "../../src/tokens/status-reference.js";
import { StatusLists } from "../../src/status-lists/status-lists.js";
import type { AccessTokenClaims } from "../../src/tokens/claims.js";

declare module "fastify" {
  interface FastifyInstance {
    statusAllocator: StatusAllocator;
    statusLists: StatusLists;
    /** The token's entry in a status list of this deployment; undefined if it has none. */
    statusOf: (claims: AccessTokenClaims) => StatusReference | undefined;
  }
}

export default fp(async (app) => {
  const { clock, keys: ring, config: { publicUrl, tokenTtlMax: ttlMax } } = app;
  const { statusLists: store } = app.database;
  const allocator = new StatusAllocator({ store, clock, publicUrl, ttlMax });
  // Lost commits show as another history of the database, or (a restored backup continues its history) in the log.
  app.onHistoryChange(() => { allocator.abandon(); });
  app.logFollower.listen({ lost: () => { allocator.abandon(); } });
  app.decorate("statusAllocator", allocator);
  app.decorate("statusLists", new StatusLists({ store, follower: app.logFollower, ring, clock, publicUrl }));
  app.decorate("statusOf", (claims) => statusReference(publicUrl, claims));
  // onClose hooks run in reverse order of registration: no request is in progress any more, and the database is open.
  app.addHook("onClose", async () => {
    await allocator.close().catch((err: unknown) => {
      app.log.error({ err },
        "the newest tokens could not be recorded in their status lists: verifiers of the lists see them as INVALID");
    });
  });
}, { name: "status-lists", dependencies: ["database", "keys", "revocation-log"] });
