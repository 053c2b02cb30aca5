import fp from "fastify-plugin";
import { LogFollower } from "../../src/revocation/log-follower.js";

/** This replica's copy of the revocation log. */
export default fp(async (app) => {
  app.decorate("logFollower", new LogFollower({
    log: app.database.revocations,
    recovered: (entries) => {
      app.log.error({ entries },
        "the database lost revocations (restored from a backup, or a failover): this replica appended them again");
    },
  }));
}, { name: "revocation-log", dependencies: ["database"] });
