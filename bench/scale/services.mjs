// A Redis process and PostgreSQL databases for one benchmark only.
import { execFileSync, spawn } from "node:child_process";
import { chownSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import pg from "pg";
import { cpuSeconds } from "../process.mjs";
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

const DEBIAN = "/usr/lib/postgresql";
/** A pool of ten, one that reads the log and one that listens, for a few hundred replicas at once. */
const CONNECTIONS = 6000;

/** A PostgreSQL server with one database, in a folder of its own. It refuses to run as root: then as postgres. */
export async function ownPostgres(dir) {
  const [port, bin] = [await freePort(), postgresPrograms()];
  const home = join(dir, `postgres-${port}`);
  mkdirSync(home);
  const id = (flag) => Number(execFileSync("id", [flag, "postgres"]).toString());
  const user = process.getuid() === 0 ? { uid: id("-u"), gid: id("-g") } : {};
  if (user.uid !== undefined) {
    chownSync(home, user.uid, user.gid);
    chownSync(dir, user.uid, user.gid);
  }
  execFileSync(join(bin, "initdb"), ["-D", home, "-U", "postgres", "--auth", "trust"], { ...user, stdio: "ignore" });
  const settings = [`port=${port}`, "listen_addresses=127.0.0.1", `unix_socket_directories=${home}`,
    `max_connections=${CONNECTIONS}`];
  const flags = ["-D", home, ...settings.flatMap((setting) => ["-c", setting])];
  const child = spawn(join(bin, "postgres"), flags, { ...user, stdio: "ignore" });
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const client = await connected(url);
  const query = async (sql, values) => (await client.query(sql, values)).rows;
  return {
    url, query,
    /** CPU seconds of all its processes since its start. */
    cpuSeconds: () => {
      const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").split(" ").filter(Boolean);
      return children.reduce((sum, pid) => sum + ofLiving(pid), 0) + cpuSeconds(child.pid, true);
    },
    /** What was done since its start: transactions, and rows that were read of two tables. */
    counts: async () => {
      const [counts] = await query(`SELECT xact_commit::float8 AS transactions,
        (SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::float8 FROM pg_stat_user_tables
          WHERE relname = 'replicas') AS replicas,
        (SELECT sum(seq_scan + coalesce(idx_scan, 0))::float8 FROM pg_stat_user_tables
          WHERE relname = 'revocation_log') AS reads
        FROM pg_stat_database WHERE datname = 'postgres'`);
      return counts;
    },
    connections: async () => (await query(
      "SELECT count(*)::float8 AS n FROM pg_stat_activity WHERE backend_type = 'client backend'"))[0].n - 1,
    close: async () => {
      await client.end();
      child.kill("SIGINT"); // "fast": it does not wait for its clients
      await stop(child);
    },
  };
}

/** Zero if it has ended meanwhile: then its parent counts it. */
function ofLiving(pid) {
  try {
    return cpuSeconds(pid);
  } catch (error) {
    if (error.code !== "ENOENT" && error.code !== "ESRCH") throw error;
    return 0;
  }
}

async function connected(url) {
  for (let tries = 0; ; tries++) {
    const client = new pg.Client({ connectionString: url });
    const failure = await client.connect().then(() => undefined, (error) => error);
    if (failure === undefined) return client;
    if (tries === CONNECT_TRIES) throw failure;
    await sleep(100);
  }
}

/** The folder of initdb and postgres: Debian's, or that of the first ones in the path. */
function postgresPrograms() {
  try {
    const [version] = readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a));
    return join(DEBIAN, version, "bin");
  } catch {
    return dirname(execFileSync("which", ["initdb"], { encoding: "utf8" }).trim());
  }
}
