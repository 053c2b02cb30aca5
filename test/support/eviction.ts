import { Redis } from "ioredis";
import { until } from "../e2e/support.js";
import type { PrivateRedis } from "./private-redis.js";

/** Gives a Redis one more megabyte, and a policy by which it removes keys that have an expiry when it is full. */
export async function evictWhenFull({ cli }: PrivateRedis): Promise<void> {
  const used = Number(/^used_memory:(\d+)/m.exec(String(await cli("INFO", "memory")))?.[1]);
  await cli("CONFIG", "SET", "maxmemory", String(used + 1024 * 1024));
  await cli("CONFIG", "SET", "maxmemory-policy", "volatile-lru");
}

/** Writes other keys until none of `keys` is left. */
export async function evict({ url }: PrivateRedis, keys: readonly string[]): Promise<void> {
  const client = new Redis(url);
  const padding = "x".repeat(1000);
  let written = 0;
  await until("Redis has evicted the keys", async () => {
    const writing = client.pipeline();
    for (let i = 0; i < 1000; i++) writing.set(`other:${written++ % 5000}`, padding, "EX", 600);
    await writing.exec();
    return await client.exists(...keys) === 0;
  }).finally(() => { client.disconnect(); });
}
