import fp from "fastify-plugin";
import type { Redis } from "ioredis";

/** Milliseconds. */
const CONNECT_TIMEOUT = 2000;
const COMMAND_TIMEOUT = 1000;

/**
 * Decorates `app.redis` if REDIS_URL is set. A replica must start while Redis is down: it can mint, and it reads
 * revocations from the database. @fastify/redis alone would delay the start until its first connection.
 */
export default fp(async (app) => {
  const { redisUrl } = app.config;
  if (redisUrl === undefined) return;
  // Imported here, because they take 10 MB of memory that a service without Redis does not need.
  const [{ default: fastifyRedis }, { Redis }] = await Promise.all([import("@fastify/redis"), import("ioredis")]);
  const client = new Redis(redisUrl, {
    connectTimeout: CONNECT_TIMEOUT,
    commandTimeout: COMMAND_TIMEOUT, // a Redis that hangs is treated as down
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(attempt * 50, 500),
  });
  let reachable: boolean | undefined;
  client.on("error", (err: Error) => {
    if (reachable !== false)
      app.log.error({ err }, "Redis can't be reached: logouts answer 503, revocations are read from the database");
    reachable = false;
  });
  client.on("ready", () => {
    if (reachable === false) app.log.info("Redis can be reached again");
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
