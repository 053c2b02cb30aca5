import { Redis } from "ioredis";
import type { RedisFacts } from "../../cli/drivers.js";

/** Reads the facts over a separate connection. `timeout` is milliseconds. Rejects if Redis does not answer. */
export async function inspectRedis(url: string, timeout: number): Promise<RedisFacts> {
  const redis = new Redis(url, {
    lazyConnect: true, connectTimeout: timeout, commandTimeout: timeout, maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  let fault: unknown;
  redis.on("error", (error) => { fault = error; }); // more precise than the rejection, "Connection is closed"
  try {
    await redis.connect();
    const info = await redis.info();
    const facts = {
      role: /^role:(\w+)/m.exec(info)?.[1],
      version: /^redis_version:([\d.]+)/m.exec(info)?.[1],
      cluster: /^cluster_enabled:1/m.test(info),
      maxmemoryPolicy: await setting(redis, "maxmemory-policy"),
      appendonly: await setting(redis, "appendonly"),
    };
    const [seconds, microseconds] = await redis.time(); // last, because the caller compares it with its clock at once
    return { ...facts, time: Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000) };
  } catch (error) {
    throw fault ?? error;
  } finally {
    redis.disconnect();
  }
}

/** Undefined if the server forbids CONFIG, as managed ones may. */
const setting = async (redis: Redis, name: string): Promise<string | undefined> =>
  (await redis.config("GET", name).catch(() => []) as string[])[1];
