// A temporary PostgreSQL database and an empty Redis database.
import { Redis } from "ioredis";
import pg from "pg";

const POSTGRES = process.env.BENCH_POSTGRES_URL ?? "postgres://postgres@127.0.0.1:5432/postgres";
const REDIS = process.env.BENCH_REDIS_URL ?? "redis://127.0.0.1:6379";

/**
 * Resolves to `{ env, another(), close() }`, or to undefined if PostgreSQL or Redis can't be reached. `another` makes
 * one more PostgreSQL database.
 */
export async function openDatabases() {
  const redis = new Redis(REDIS, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
  redis.on("error", () => undefined);
  const postgres = new pg.Client({ connectionString: POSTGRES, connectionTimeoutMillis: 2000 });
  const name = `authflow_bench_${process.pid}`;
  try {
    await redis.connect();
    await postgres.connect();
    const index = await emptyDatabase(redis);
    const names = [];
    const another = async () => {
      names.push(`${name}_${names.length}`);
      await postgres.query(`CREATE DATABASE ${names.at(-1)}`);
      const url = new URL(POSTGRES);
      url.pathname = `/${names.at(-1)}`;
      return url.href;
    };
    const redisUrl = new URL(REDIS);
    redisUrl.pathname = `/${index}`;
    const close = async () => {
      for (const one of names) await postgres.query(`DROP DATABASE ${one} WITH (FORCE)`);
      await postgres.end();
      await redis.flushdb(); // it was empty before
      redis.disconnect();
    };
    return { env: { DATABASE_URL: await another(), REDIS_URL: redisUrl.href }, another, close };
  } catch (error) {
    console.error(`PostgreSQL with Redis is not measured: ${error.message}`);
    redis.disconnect();
    await postgres.end().catch(() => undefined);
    return undefined;
  }
}

/** Selects an empty database, searching from the last one down; resolves to its index. */
async function emptyDatabase(redis) {
  for (let index = 15; index > 0; index--) {
    await redis.select(index);
    if (await redis.dbsize() === 0) return index;
  }
  throw new Error("no Redis database is empty");
}
