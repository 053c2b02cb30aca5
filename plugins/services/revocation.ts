import fp from "fastify-plugin";
import { loginProviders } from "../../src/providers/table.js";
import { CacheSynchroniser } from "../../src/revocation/cache-synchroniser.js";
import { Feed } from "../../src/revocation/feed/feed.js";
import { LiveTokens } from "../../src/revocation/live-tokens.js";
import { RevocationState } from "../../src/revocation/revocation-state.js";
import { Revocations } from "../../src/revocation/revocations.js";
import { RedisRevocationCache } from "../../src/stores/redis/revocation-cache.js";
import { RedisRevocationFeed } from "../../src/stores/redis/revocation-feed.js";

declare module "fastify" {
  interface FastifyInstance {
    revocations: Revocations;
    cacheSynchroniser: CacheSynchroniser;
    liveTokens: LiveTokens;
    feed: Feed;
  }
}

export default fp(async (app) => {
  const { clock, timing, installation, redis, config, statusOf, tokenVerifier: verifier } = app;
  const { revocations: journal, cutoffs, feed: feedJournal, transaction } = app.database;
  const cache = config.redisUrl === undefined ? undefined : new RedisRevocationCache(redis, installation.id);
  const redisFeed = cache && new RedisRevocationFeed(redis, installation.id, cache);
  // Event ids of the database's feed are not valid in Redis. Without this, a later start without Redis would accept
  // such an id and skip what was sent through Redis.
  if (redisFeed !== undefined) await feedJournal.abandon();
  app.addHook("onClose", async () => { redisFeed?.close(); });
  const feed = new Feed({ source: redisFeed ?? feedJournal, journal, cutoffs, clock });
  const state = new RevocationState({ journal, cutoffs, cache });
  const synchroniser = new CacheSynchroniser({ journal, cutoffs, cache, clock });
  app.decorate("feed", feed);
  app.decorate("cacheSynchroniser", synchroniser);
  app.decorate("liveTokens", new LiveTokens({ verifier, state }));
  app.decorate("revocations", new Revocations({
    transaction, revocations: journal, cutoffs, state, synchroniser, clock, timing, statusOf,
    longestTtl: () => app.keys.longestTtl,
    loginProviders: loginProviders(config.providers),
    recorded: () => { if (feed.subscribers > 0) feed.wake(); }, // without subscribers the next poll is early enough
  }));
}, { name: "revocation", dependencies: ["database", "redis", "keys", "tokens", "status-lists"] });
