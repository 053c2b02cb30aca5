import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { Redis } from "ioredis";
import { isAllUp, until } from "../e2e/support.js";
import { type FakeClock, fakeClock } from "../support/fake-clock.js";
import { tcpProxy } from "../support/haproxy.js";
import { type Link, link } from "../support/link.js";
import { pgBouncer } from "../support/pgbouncer.js";
import { freePort } from "../support/ports.js";
import { type PrivatePostgres, privatePostgres } from "../support/private-postgres.js";
import { type PrivateRedis, privateRedis } from "../support/private-redis.js";
import { type ServerProcess, startServer } from "../support/process.js";
import { registration } from "../support/registration.js";
import { sqlite, type Suite, temporaryFolder } from "../support/services.js";
import { smallDisk } from "../support/small-disk.js";
import { rowsOf } from "../support/sql.js";
import { call, postJson } from "./client.js";

export interface Replica {
  url: string;
  /** Its way to PostgreSQL. */
  databaseLink: Link | undefined;
  /** Its way to Redis. */
  link: Link | undefined;
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Sets its clock off by that many seconds. */
  stepClock(seconds: number): void;
}

/** Sets a clock off by that many seconds. */
export type Step = (seconds: number) => void;

/** Replicas with what they stand on, all of it the test's own and breakable. */
export interface World {
  replicas: Replica[];
  client: { id: string; headers: Record<string, string> };
  /** The PostgreSQL that replicas are led to. */
  postgres: PrivatePostgres | undefined;
  /** The Redis that replicas are led to. */
  redis: PrivateRedis | undefined;
  /** A second Redis, to take its place. */
  standby: PrivateRedis | undefined;
  /** Takes all room on the database's disk; returns how to give it back. */
  fillDisk: (() => () => void) | undefined;
  stepDatabaseClock: Step;
  /** Of both Redis. */
  stepRedisClock: Step;
  /** The names of a subject's cut-off in Redis begin so. */
  cutoffPrefix: string;
  /** Connected to `redis`, as a service that reads it directly. */
  shared(): Redis | undefined;
  /** Leads every replica's new connections, and the direct reader, to `standby`, which changes places with `redis`. */
  leadToStandby(): void;
  /** Leads every replica to another PostgreSQL. */
  leadToPostgres(postgres: PrivatePostgres): void;
  /** Resolves when every replica says that all its parts work. */
  healed(): Promise<void>;
  /** Resolves when each of these replicas says that a part does not work, or nothing; or this of the database. */
  unready(replicas?: readonly Replica[], database?: string): Promise<void>;
}

export interface Shape {
  name: string;
  size: number;
  on: "SQLite" | "PostgreSQL" | "PostgreSQL and Redis";
  /** What the replicas reach PostgreSQL through. */
  through?: "PgBouncer" | "HAProxy";
  /** Whether the tables are on a disk of their own, which a scenario can fill. */
  onSmallDisk?: boolean;
}

/** MiB. */
const DISK = 64;

/** Undefined, and said so, where this machine lacks something. */
export async function buildWorld(t: Suite, { size, on, through, onSmallDisk }: Shape): Promise<World | undefined> {
  const clocks = Array.from({ length: size + 2 }, () => fakeClock(t)).filter((clock) => clock !== undefined);
  const [databaseClock, redisClock, ...machines] = clocks;
  if (databaseClock === undefined || redisClock === undefined) return undefined;
  const [postgres, redis, standby] = await Promise.all([
    on === "SQLite" ? undefined : privatePostgres(t, databaseClock.env),
    ...(on === "PostgreSQL and Redis" ? [privateRedis(t, redisClock), privateRedis(t, redisClock)] : []),
  ]);
  if (on !== "SQLite" && postgres === undefined) return undefined;
  if (on === "PostgreSQL and Redis" && (redis === undefined || standby === undefined)) return undefined;
  const disk = onSmallDisk === true ? smallDisk(t, DISK) : undefined;
  if (onSmallDisk === true && disk === undefined) return undefined;
  if (disk !== undefined && postgres !== undefined) await postgres.keepTablesAt(disk.path);
  const port = postgres && await portThrough(t, postgres, through);
  if (postgres !== undefined && port === undefined) return undefined;
  const common = {
    AUTHFLOW_PUBLIC_URL: "http://localhost:8080",
    AUTHFLOW_KEY_ENCRYPTION_KEY: randomBytes(32).toString("base64"),
    AUTHFLOW_STATUS_LISTS: "on",
    LOG_LEVEL: "warn",
    ...(postgres === undefined && { DATABASE_URL: disk ? `file:${join(disk.path, "authflow.db")}` : sqlite(t) }),
  };
  const replicas = await Promise.all(machines.map((clock) => startReplica(t, common, clock, port, redis)));
  const { body } = await postJson(`${replicas[0]?.url}/clients`, registration({ name: "chaos" }));
  const credentials = Buffer.from(`${String(body.client_id)}:${String(body.client_secret)}`).toString("base64");
  let shared = redis && readerOf(redis);
  t.teardown(() => { shared?.disconnect(); });
  const works = async (url: string): Promise<boolean> => isAllUp(await call("GET", `${url}/health/ready`, {}));
  const world: World = {
    replicas, postgres, redis, standby, fillDisk: disk?.fill,
    client: { id: String(body.client_id), headers: { authorization: `Basic ${credentials}` } },
    stepDatabaseClock: databaseClock.step, stepRedisClock: redisClock.step,
    cutoffPrefix: postgres === undefined ? "" : `authflow:${await installationId(postgres)}:issued_before:sub:`,
    shared: () => shared,
    leadToStandby: () => {
      [world.redis, world.standby] = [world.standby, world.redis];
      if (world.redis === undefined) return;
      for (const { link } of replicas) if (link !== undefined) link.target = portOf(world.redis);
      shared?.disconnect();
      shared = readerOf(world.redis);
    },
    leadToPostgres: (other) => {
      world.postgres = other;
      for (const { databaseLink } of replicas) if (databaseLink !== undefined) databaseLink.target = other.port;
    },
    healed: async () => {
      for (const { url } of replicas) await until(`${url} says that all is well`, () => works(url));
    },
    unready: async (some = replicas, database) => {
      const says = async (url: string): Promise<boolean> => {
        if (database === undefined) return !await works(url);
        const { body: { parts } } = await call("GET", `${url}/health/ready`, {});
        return (parts as { database?: string } | undefined)?.database === database;
      };
      for (const { url } of some) await until(`${url} says what is wrong`, () => says(url));
    },
  };
  return world;
}

async function portThrough(
  t: Suite,
  { url, port }: PrivatePostgres,
  through: Shape["through"],
): Promise<number | undefined> {
  if (through === undefined) return port;
  if (through === "HAProxy") return tcpProxy(t, port);
  const pooled = await pgBouncer(t, url, "transaction");
  return pooled === undefined ? undefined : Number(new URL(pooled).port);
}

async function installationId({ url }: PrivatePostgres): Promise<string> {
  const [row] = await rowsOf(url, "SELECT uuid FROM installation");
  return String(row?.uuid);
}

/** A service that reads Redis directly. */
function readerOf({ url }: PrivateRedis): Redis {
  const options = {
    maxRetriesPerRequest: 0, enableOfflineQueue: false, commandTimeout: 1000, retryStrategy: () => 100,
  };
  return new Redis(url, options).on("error", () => undefined);
}

const portOf = ({ url }: PrivateRedis): number => Number(new URL(url).port);

async function startReplica(
  t: Suite,
  common: Record<string, string>,
  clock: FakeClock,
  postgresPort: number | undefined,
  redis: PrivateRedis | undefined,
): Promise<Replica> {
  const way = redis && await link(t, portOf(redis));
  const databaseLink = postgresPort === undefined ? undefined : await link(t, postgresPort);
  const env = {
    ...common, ...clock.env, PORT: String(await freePort()), CWD: temporaryFolder(t),
    ...(way && { REDIS_URL: `redis://127.0.0.1:${way.port}` }),
    ...(databaseLink && { DATABASE_URL: `postgres://postgres@127.0.0.1:${databaseLink.port}/postgres` }),
  };
  let server: ServerProcess = await startServer(t, env);
  return {
    url: server.url, link: way, databaseLink,
    kill: () => server.kill(),
    start: async () => { server = await startServer(t, env); },
    stepClock: clock.step,
  };
}
