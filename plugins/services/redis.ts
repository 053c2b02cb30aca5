import fp from "fastify-plugin";
import type { Redis } from "ioredis";

const CONNECT_TIMEOUT = 2000;
const COMMAND_TIMEOUT = 1000;

/**
 * Decorates `app.redis` where REDIS_URL is set. A replica has to start while Redis is away (it mints, and asks the
 * database about revocations), whereas @fastify/redis holds the boot until its first connection.
 */
export default fp(async (app) => {
  const { redisUrl } = app.config;
  if (redisUrl === undefined) return;
  // Loaded where they are needed: they would take 10 MB of the embedded default.
  const [{ default: fastifyRedis }, { Redis }] = await Promise.all([import("@fastify/redis"), import("ioredis")]);
  const client = new Redis(redisUrl, {
    connectTimeout: CONNECT_TIMEOUT,
    commandTimeout: COMMAND_TIMEOUT, // a Redis that hangs is a Redis that is down
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(attempt * 50, 500),
  });
  let reachable: boolean | undefined;
  client.on("error", (err: Error) => {
    if (reachable !== false)
      app.log.error({ err }, "Redis is out of reach: logouts answer 503, revocations are read from the database");
    reachable = false;
  });
  client.on("ready", () => {
    if (reachable === false) app.log.info("Redis is back");
    reachable = true;
  });
  app.addHook("onClose", async () => { client.disconnect(); });
  if (await becomesReady(client)) await app.register(fastifyRedis, { client });
  else app.decorate("redis", client as never);
}, { name: "redis" });

function becomesReady(client: Redis): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => { resolve(false); }, CONNECT_TIMEOUT);
    const settle = (ready: boolean) => () => { clearTimeout(timer); resolve(ready); };
    client.once("ready", settle(true)).once("error", settle(false));
  });
}
