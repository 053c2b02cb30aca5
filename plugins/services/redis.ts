import fp from "fastify-plugin";
import type { Redis } from "ioredis";
import { ConfigError } from "../../src/config/config.js";
import { reason } from "../../src/shared/loggable-error.js";
import { REDIS_CLUSTER, redisFaults, type RedisFault } from "../../src/shared/redis-server.js";

declare module "fastify" {
  interface FastifyInstance {
    /** What is wrong with the Redis that answered last, at most `timing.redisInspection` ago. */
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
  const [{ default: fastifyRedis }, { connectRedis, CONNECT_TIMEOUT, handshakeError }, { inspectRedis }] =
    await Promise.all([import("@fastify/redis"), import("../../src/stores/redis/connect.js"),
      import("../../src/stores/redis/inspection.js")]);
  const client = connectRedis({ url, tls });
  const closed = new AbortController();

  const inspect = async (): Promise<void> => {
    const facts = await inspectRedis({ url, tls }, CONNECT_TIMEOUT, closed.signal);
    const [before, now] = [faults, redisFaults(facts)];
    faults = now;
    const isIn = (list: readonly RedisFault[]) => ({ text }: RedisFault) => list.some((one) => one.text === text);
    for (const fault of now.filter((one) => !isIn(before)(one)))
      app.log[fault.effect === "unpersisted" ? "warn" : "error"](fault.text);
    for (const fault of before.filter((one) => !isIn(now)(one))) app.log.info(`solved: ${fault.text}`);
    // The primary has become a replica. At the next attempt the client refuses it, or finds its successor.
    if (facts.role === "slave") client.disconnect(true);
  };
  const inspectQuietly = (): void => { inspect().catch(() => undefined); }; // the client reports that Redis is down
  const timer = setInterval(inspectQuietly, app.timing.redisInspection).unref();

  const reported = new Set<string>(); // since it could be used
  client.on("error", (error: Error) => {
    const err = handshakeError(error);
    if (reported.has(reason(err))) return;
    reported.add(reason(err));
    app.log.error({ err }, "Redis can't be used: logouts answer 503, revocations are read from the database");
  });
  client.on("ready", () => {
    if (reported.size > 0) app.log.info("Redis can be used again");
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

/** Why the client is not ready yet; undefined if it is, or if nothing answers within `timeout` milliseconds. */
function firstFault(client: Redis, timeout: number): Promise<Error | undefined> {
  return new Promise((resolve) => {
    const settle = (error?: Error): void => { clearTimeout(timer); resolve(error); };
    const timer = setTimeout(settle, timeout);
    client.once("ready", settle).once("error", settle);
  });
}
