import { randomBytes } from "node:crypto";
import { Redis } from "ioredis";
import { until } from "../e2e/support.js";
import { type FakeClock, fakeClock } from "../support/fake-clock.js";
import { type Link, link } from "../support/link.js";
import { freePort } from "../support/ports.js";
import { type PrivatePostgres, privatePostgres } from "../support/private-postgres.js";
import { type PrivateRedis, privateRedis } from "../support/private-redis.js";
import { type ServerProcess, startServer } from "../support/process.js";
import { sqlite, type Suite, temporaryFolder } from "../support/services.js";
import { call, postJson } from "./client.js";

export interface Replica {
  url: string;
  /** Its way to Redis. */
  link: Link | undefined;
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Sets its clock off by that many seconds. */
  stepClock(seconds: number): void;
}

/** Replicas with what they stand on, all of it the test's own and breakable. */
export interface World {
  replicas: Replica[];
  client: { id: string; headers: Record<string, string> };
  postgres: PrivatePostgres | undefined;
  redis: PrivateRedis | undefined;
  /** A second Redis, to follow the first and take its place. */
  standby: PrivateRedis | undefined;
  /** The Redis that replicas are connected to now. */
  shared(): Redis | undefined;
  /** Leads every replica to another Redis. */
  leadTo(redis: PrivateRedis): void;
  /** Resolves when every replica says that it is ready. */
  healed(): Promise<void>;
}

export interface Shape { name: string; size: number; on: "SQLite" | "PostgreSQL" | "PostgreSQL and Redis" }

/** Undefined, and said so, where this machine lacks something. */
export async function buildWorld(t: Suite, { size, on }: Shape): Promise<World | undefined> {
  const clocks = Array.from({ length: size }, () => fakeClock(t)).filter((clock) => clock !== undefined);
  if (clocks.length < size) return undefined;
  const [postgres, redis, standby] = await Promise.all([
    on === "SQLite" ? undefined : privatePostgres(t),
    ...(on === "PostgreSQL and Redis" ? [privateRedis(t), privateRedis(t)] : []),
  ]);
  if (on !== "SQLite" && postgres === undefined) return undefined;
  if (on === "PostgreSQL and Redis" && (redis === undefined || standby === undefined)) return undefined;
  const ports = await Promise.all(clocks.map(() => freePort()));
  const common = {
    AUTHFLOW_PUBLIC_URL: `http://localhost:${ports[0]}`,
    AUTHFLOW_KEY_ENCRYPTION_KEY: randomBytes(32).toString("base64"),
    DATABASE_URL: postgres?.url ?? sqlite(t),
    AUTHFLOW_STATUS_LISTS: "on",
    LOG_LEVEL: "warn",
  };
  const replicas = await Promise.all(clocks.map((clock, i) =>
    startReplica(t, clock, { ...common, PORT: String(ports[i]) }, redis)));
  const registration = { name: "chaos", redirect_uri: "https://chaos.example/cb" };
  const { body } = await postJson(`${replicas[0]?.url}/clients`, registration);
  const credentials = Buffer.from(`${String(body.client_id)}:${String(body.client_secret)}`).toString("base64");
  let shared = redis && readerOf(redis);
  t.teardown(() => { shared?.disconnect(); });
  return {
    replicas, postgres, redis, standby,
    client: { id: String(body.client_id), headers: { authorization: `Basic ${credentials}` } },
    shared: () => shared,
    leadTo: (other) => {
      const port = Number(new URL(other.url).port);
      for (const { link } of replicas) if (link !== undefined) link.target = port;
      shared?.disconnect();
      shared = readerOf(other);
    },
    healed: async () => {
      for (const { url } of replicas) {
        await until(`${url} is ready again`, async () => (await call("GET", `${url}/health/ready`, {})).status === 200);
      }
    },
  };
}

/** A service that reads Redis directly. */
function readerOf({ url }: PrivateRedis): Redis {
  const options = {
    maxRetriesPerRequest: 0, enableOfflineQueue: false, commandTimeout: 1000, retryStrategy: () => 100,
  };
  return new Redis(url, options).on("error", () => undefined);
}

async function startReplica(
  t: Suite,
  clock: FakeClock,
  settings: Record<string, string>,
  redis: PrivateRedis | undefined,
): Promise<Replica> {
  const way = redis && await link(t, Number(new URL(redis.url).port));
  const env = {
    ...settings, ...clock.env, CWD: temporaryFolder(t),
    ...(way && { REDIS_URL: `redis://127.0.0.1:${way.port}` }),
  };
  let server: ServerProcess = await startServer(t, env);
  return {
    url: server.url, link: way,
    kill: () => server.kill(),
    start: async () => { server = await startServer(t, env); },
    stepClock: clock.step,
  };
}
