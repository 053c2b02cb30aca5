import fp from "fastify-plugin";
import type { Redis } from "ioredis";
import { ConfigError } from "../../src/config/config.js";
import { reason } from "../../src/shared/loggable-error.js";
import { REDIS_CLUSTER, redisFaults, type RedisFault } from "../../src/shared/redis-server.js";

declare module "fastify" {
  interface FastifyInstance {
    /** What is wrong with the Redis that is in use, as of at most `timing.redisInspection` ago. */
    redisFaults: readonly RedisFault[];
  }
}

/**
 * Decorates `app.redis` if REDIS_URL is set. A replica must start while Redis is down: it can mint, and it reads
 * revocations from the database. @fastify/redis alone would delay the start until its first connection.
 */
export default fp(async (app) => {
  let faults: readonly RedisFault[] = [];
  app.decorate("redisFaults", { getter: () => faults });
  const { redisUrl: url, redisTls: tls } = app.config;
  if (url === undefined) return;
  // Imported here, because they take 10 MB of memory that a service without Redis does not need.
  const [{ default: fastifyRedis }, { connectRedis, CONNECT_TIMEOUT }, { handshakeError }, { inspectRedis }] =
    await Promise.all([
      import("@fastify/redis"), import("../../src/stores/redis/connect.js"),
      import("../../src/stores/redis/connection-errors.js"), import("../../src/stores/redis/inspection.js"),
    ]);
  const client = connectRedis({ url, tls });
  const closed = new AbortController();

  const inspect = async (): Promise<void> => {
    if (client.status !== "ready") return;
    const found = redisFaults(await inspectRedis({ url, tls }, CONNECT_TIMEOUT, closed.signal));
    // A primary has become a replica, for example: the client connects anew, and refuses it or finds its successor.
    if (found.some(({ effect }) => effect === "unusable")) return client.disconnect(true);
    const [before, now] = [textsOf(faults), textsOf(found)];
    for (const { effect, text } of found)
      if (!before.has(text)) app.log[effect === "unpersisted" ? "warn" : "error"](text);
    for (const text of before) if (!now.has(text)) app.log.info(`solved: ${text}`);
    faults = found;
  };
  // One after the other, so that no older state replaces a newer one. The client reports that Redis is down.
  let inspections = Promise.resolve();
  const inspectQuietly = (): void => { inspections = inspections.then(inspect).catch(() => undefined); };
  const timer = setInterval(inspectQuietly, app.timing.redisInspection).unref();

  const reported = new Set<string>(); // since it could be used
  client.on("error", (error: Error) => {
    const err = handshakeError(error);
    if (reported.has(reason(err))) return;
    reported.add(reason(err));
    const what = err.name === "RedisRefused" ? "used" : "reached";
    app.log.error({ reason: reason(err) }, `Redis can't be ${what}: logouts answer 503, live checks do not ask it`);
  });
  client.on("ready", () => {
    if (reported.size > 0) app.log.info("Redis can be reached again");
    reported.clear();
    inspectQuietly();
  });
  app.addHook("onClose", async () => {
    clearInterval(timer);
    closed.abort();
    client.disconnect();
  });
  const fault = await firstFault(client, CONNECT_TIMEOUT);
  if (fault?.message === REDIS_CLUSTER) throw new ConfigError([REDIS_CLUSTER]);
  if (client.status === "ready") await app.register(fastifyRedis, { client });
  else app.decorate("redis", client as never);
}, { name: "redis" });

const textsOf = (faults: readonly RedisFault[]): Set<string> => new Set(faults.map(({ text }) => text));

/** Why the client is not ready yet; undefined if it is, or if nothing answers within `timeout` milliseconds. */
function firstFault(client: Redis, timeout: number): Promise<Error | undefined> {
  return new Promise((resolve) => {
    const settle = (error?: Error): void => { clearTimeout(timer); resolve(error); };
    const timer = setTimeout(settle, timeout);
    client.once("ready", settle).once("error", settle);
  });
}
