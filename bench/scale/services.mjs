// A Redis process and PostgreSQL databases for one benchmark only.
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import pg from "pg";
import { freePort, stop } from "../server.mjs";

const POSTGRES = process.env.BENCH_POSTGRES_URL ?? "postgres://postgres@127.0.0.1:5432/postgres";
const KEY = Buffer.alloc(32, 1).toString("base64");
const CONNECT_TRIES = 100;

/** Redis, configured as docs/operating.md demands. No rewrites of its file: they would fork it during a measurement. */
export async function ownRedis(dir) {
  const port = await freePort();
  const home = join(dir, `redis-${port}`);
  mkdirSync(home);
  const settings = {
    port, bind: "127.0.0.1", dir: home, save: "", appendonly: "yes", "auto-aof-rewrite-percentage": "0",
    "maxmemory-policy": "noeviction", loglevel: "warning",
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn("redis-server", flags, { stdio: ["ignore", "ignore", "inherit"] });
  const client = new Redis(port, "127.0.0.1", { retryStrategy: () => 100, maxRetriesPerRequest: CONNECT_TRIES });
  client.on("error", () => undefined);
  await client.ping();
  /** Reads one number from INFO. */
  const number = async (name) => Number(new RegExp(`^${name}:(\\d+)`, "m").exec(await client.info("all"))?.[1]);
  const close = async () => {
    client.disconnect();
    await stop(child);
  };
  return { url: `redis://127.0.0.1:${port}`, port, pid: child.pid, client, number, home, close };
}

/** A new database, which `close` drops; `query(sql, values)` resolves to rows. */
export async function ownDatabase(label) {
  const name = `authflow_scale_${label}_${process.pid}`;
  const admin = new pg.Client({ connectionString: POSTGRES });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name}`);
  const url = new URL(POSTGRES);
  url.pathname = `/${name}`;
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  const close = async () => {
    await client.end();
    await sleep(100);
    await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
    await admin.end();
  };
  return { url: url.href, query: async (sql, values) => (await client.query(sql, values)).rows, close };
}

export const networked = (database, redis) => ({
  DATABASE_URL: database.url, AUTHFLOW_KEY_ENCRYPTION_KEY: KEY, ...(redis && { REDIS_URL: redis.url }),
});
