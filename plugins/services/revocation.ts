import fp from "fastify-plugin";
import { loginProviders } from "../../src/providers/table.js";
import { Feed } from "../../src/revocation/feed/feed.js";
import { LiveTokens } from "../../src/revocation/live-tokens.js";
import { Revocations } from "../../src/revocation/revocations.js";
import { RedisRevocationCache } from "../../src/stores/redis/revocation-cache.js";
import { RedisRevocationFeed } from "../../src/stores/redis/revocation-feed.js";

declare module "fastify" {
  interface FastifyInstance { revocations: Revocations; liveTokens: LiveTokens; feed: Feed }
}

export default fp(async (app) => {
  const { clock, timing, installation, redis, config, statusOf } = app;
  const { revocations: journal, cutoffs, feed: feedJournal } = app.database;
  const cache = config.redisUrl === undefined ? undefined : new RedisRevocationCache(redis, installation.id);
  const shared = cache && new RedisRevocationFeed(redis, installation.id, cache);
  // What was told while there was no Redis can't be continued once there was one.
  if (shared !== undefined) await feedJournal.abandon();
  app.addHook("onClose", async () => { shared?.close(); });
  const feed = new Feed({ source: shared ?? feedJournal, journal, cutoffs, clock });
  app.decorate("feed", feed);
  app.decorate("revocations", new Revocations({
    journal, cutoffs, cache, clock, timing, statusOf,
    longestTtl: () => app.keys.longestTtl,
    loginProviders: loginProviders(config.providers),
    recorded: () => { if (feed.subscribers > 0) feed.wake(); }, // nobody listens: it has time until it looks by itself
  }));
  app.decorate("liveTokens", new LiveTokens({ verifier: app.tokenVerifier, revocations: app.revocations }));
}, { name: "revocation", dependencies: ["database", "redis", "keys", "tokens", "status-lists"] });
