import { Redis } from "ioredis";
import type { RedisFacts } from "../../cli/drivers.js";

/** Asks a Redis what it is and how it is set, over a connection of its own. `timeout` is milliseconds. */
export async function inspectRedis(url: string, timeout: number): Promise<RedisFacts> {
  const redis = new Redis(url, {
    lazyConnect: true, connectTimeout: timeout, commandTimeout: timeout, maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  let fault: unknown;
  redis.on("error", (error) => { fault = error; }); // says more than the rejection, "Connection is closed"
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
    const [seconds, microseconds] = await redis.time(); // last: its reader compares clocks at once
    return { ...facts, time: Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000) };
  } catch (error) {
    throw fault ?? error;
  } finally {
    redis.disconnect();
  }
}

/** Managed servers may forbid CONFIG: undefined. */
const setting = async (redis: Redis, name: string): Promise<string | undefined> =>
  (await redis.config("GET", name).catch(() => []) as string[])[1];
