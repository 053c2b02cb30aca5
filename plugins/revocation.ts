import fp from "fastify-plugin";
import { loginProviders } from "../src/providers/table.js";
import { Revocations } from "../src/revocation/revocations.js";
import { RedisRevocationFace } from "../src/stores/redis/revocation-face.js";

declare module "fastify" {
  interface FastifyInstance { revocations: Revocations }
}

export default fp(async (app) => {
  const face = app.config.redisUrl === undefined ? undefined : new RedisRevocationFace(app.redis, app.installation.id);
  const { clock, database: { revocations: journal, cutoffs }, statusOf } = app;
  const longestTtl = (): number => app.keys.longestTtl;
  app.decorate("revocations", new Revocations({
    journal, cutoffs, face, clock, longestTtl, statusOf, loginProviders: loginProviders(app.config.providers),
  }));
}, { name: "revocation", dependencies: ["database", "redis", "keys", "status-lists"] });
