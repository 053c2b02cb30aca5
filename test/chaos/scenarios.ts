import { setTimeout as sleep } from "node:timers/promises";
import { evict, evictWhenFull } from "../support/eviction.js";
import { link } from "../support/link.js";
import type { Suite } from "../support/services.js";
import type { Path } from "./ledger.js";
import type { Replica, World } from "./world.js";

export const KINDS = [
  "none", "kill", "clock step", "database restart", "database lost commits", "database can't write", "lost contents",
  "out of reach", "move", "failover", "eviction",
] as const;

/** What happens in the meantime, while something is about to break or is broken. */
export interface Pace {
  /** Until people have logged out, for at least as long as the form of the suite asks. */
  logouts(): Promise<void>;
  /** Milliseconds for which things stay broken. */
  outage: number;
}

export interface Scenario {
  kind: (typeof KINDS)[number];
  what: string;
  promise: string;
  /** Breaks something for about `outage` milliseconds and repairs it. */
  harm(world: World, pace: Pace, t: Suite): Promise<void>;
  /** Seconds of life of its tokens, where that matters. */
  expiresIn?: number;
  /** Milliseconds that the outage takes in the long form, where it is to be longer than others. */
  longOutage?: number;
  /** A path of which nothing is promised meanwhile. */
  except?: Path;
}

const last = ({ replicas }: World): Replica => replicas.at(-1) as Replica;
const STANDARD = "Every acknowledged logout stands, on every path";

const CALM: Scenario = {
  kind: "none",
  what: "nothing breaks",
  promise: "Refused on every path from the answer on, by the feed within a second, by status lists within 6 s",
  harm: async (_world, { logouts, outage }) => {
    await logouts();
    await sleep(outage);
  },
};
const KILL: Scenario = {
  kind: "kill",
  what: "a replica is killed (`kill -9`) and started again",
  promise: `${STANDARD}; subscribers of its feed reconnect to another replica`,
  harm: async (world, { logouts, outage }) => {
    await logouts();
    await last(world).kill();
    await sleep(outage);
    await last(world).start();
  },
};
const clocks = (minutes: number): Scenario => ({
  kind: "clock step",
  what: `one replica's clock steps ${minutes} minutes ahead, then ${minutes} minutes behind`,
  promise: `${STANDARD}, also tokens that are about to expire`,
  expiresIn: minutes * 60 + 6,
  harm: async (world, { logouts, outage }) => {
    await logouts();
    last(world).stepClock(minutes * 60);
    await logouts();
    await sleep(outage);
    last(world).stepClock(minutes * -60);
    await logouts();
    await sleep(Math.max(outage, 5000)); // until what was counted by the fast clock would be over
    last(world).stepClock(0);
  },
});
const CLOCKS = clocks(5);
/** For a replica that no other can stand in for: it issues no token while its clock is set by more than 5 minutes. */
const CLOCK = clocks(2);
/** Milliseconds: longer than the minute between two runs of what deletes expired entries. */
const LONG_STEP = 75_000;
const [HOURS, DAYS] = [2 * 3600, 2 * 86_400];
/** A clock that steps away and comes back. `stepOf`: whose. */
const clockStep = (
  what: string,
  seconds: number,
  stepOf: (world: World) => (seconds: number) => void,
  promise = `${STANDARD}, when the clock has come back too`,
): Scenario => ({
  kind: "clock step",
  what,
  promise,
  longOutage: LONG_STEP,
  harm: async (world, { logouts, outage }) => {
    await logouts();
    stepOf(world)(seconds);
    await sleep(outage);
    stepOf(world)(0);
    await sleep(outage);
  },
});
const machineOf = (world: World) => last(world).stepClock;
const databaseOf = ({ stepDatabaseClock }: World) => stepDatabaseClock;
const redisOf = ({ stepRedisClock }: World) => stepRedisClock;
const MACHINE_HOURS = clockStep("one replica's clock steps 2 hours ahead, and comes back", HOURS, machineOf);
const MACHINE_DAYS = clockStep("one replica's clock steps 2 days ahead, and comes back", DAYS, machineOf);
const MACHINE_BACK = clockStep("one replica's clock steps 2 hours back, and comes again", -HOURS, machineOf);
const DATABASE_HOURS = clockStep("PostgreSQL's clock steps 2 hours ahead, and comes back", HOURS, databaseOf);
const DATABASE_DAYS = clockStep("PostgreSQL's clock steps 2 days ahead, and comes back", DAYS, databaseOf);
const DATABASE_BACK = clockStep("PostgreSQL's clock steps 2 hours back, and comes again", -HOURS, databaseOf);
const BY_REDIS = `${STANDARD}; direct readers of Redis miss what has expired by its clock until it is right`;
const REDIS_HOURS = clockStep("Redis's clock steps 2 hours ahead, and comes back", HOURS, redisOf, BY_REDIS);
const REDIS_BACK = clockStep("Redis's clock steps 2 days back, and comes again", -DAYS, redisOf, BY_REDIS);

const POSTGRES_RESTART: Scenario = {
  kind: "database restart",
  what: "PostgreSQL crashes and restarts",
  promise: `${STANDARD}; logouts meanwhile are answered 503 until they are recorded`,
  harm: async ({ postgres }, { logouts, outage }) => {
    await logouts();
    await postgres?.restart();
    await sleep(outage);
  },
};
const POSTGRES_PAUSED: Scenario = {
  kind: "out of reach",
  what: "PostgreSQL hangs",
  promise: `${STANDARD}; logouts and live checks of tokens that are not known to be revoked are answered 503`,
  harm: async ({ postgres, unready }, { logouts, outage }) => {
    await logouts();
    postgres?.pause();
    try {
      await unready();
      await sleep(outage);
    } finally {
      postgres?.resume();
    }
    await logouts();
  },
};
const CUT_OFF_DATABASE: Scenario = {
  kind: "out of reach",
  what: "one replica is cut off from PostgreSQL",
  promise: "It refuses, or answers 503; the other works",
  longOutage: 30_000,
  harm: async (world, { logouts, outage }) => {
    await logouts();
    const { databaseLink } = last(world);
    databaseLink?.cut();
    await world.unready([last(world)]);
    await logouts();
    await sleep(outage);
    databaseLink?.heal();
    await logouts();
  },
};
const POSTGRES_RESTORED: Scenario = {
  kind: "database lost commits",
  what: "PostgreSQL is restored from an older backup",
  promise: `${STANDARD}: replicas that run append what the backup lacks`,
  harm: async ({ postgres }, { logouts, outage }) => {
    await logouts();
    const restore = await postgres?.backUp();
    await logouts();
    await restore?.();
    await sleep(outage);
    await logouts();
  },
};
const POSTGRES_PROMOTED: Scenario = {
  kind: "database lost commits",
  what: "PostgreSQL fails over to a standby that lacks the last commits",
  promise: `${STANDARD}: replicas append what the standby lacks`,
  harm: async ({ postgres, leadToPostgres }, { logouts, outage }, t) => {
    if (postgres === undefined) return;
    const replication = await link(t, postgres.port);
    const standby = await postgres.standby(replication.port);
    await logouts();
    replication.cut(); // from here on it misses what is acknowledged
    await logouts();
    await postgres.kill();
    await standby.sql("SELECT pg_promote()");
    leadToPostgres(standby);
    await sleep(outage);
    await logouts();
  },
};
const POSTGRES_READ_ONLY: Scenario = {
  kind: "database can't write",
  what: "PostgreSQL becomes read-only",
  promise: `${STANDARD}; logouts meanwhile are answered 503, and no replica says that it is ready`,
  harm: async ({ postgres, unready }, { logouts, outage }) => {
    const set = async (change: string): Promise<void> => {
      await postgres?.sql(`ALTER SYSTEM ${change}`);
      await postgres?.sql("SELECT pg_reload_conf()");
    };
    await logouts();
    await set("SET default_transaction_read_only = on");
    try {
      await unready(undefined, "read-only");
      await sleep(outage);
    } finally {
      await set("RESET default_transaction_read_only");
    }
    await logouts();
  },
};
const DISK_FULL: Scenario = {
  kind: "database can't write",
  what: "the database's disk is full",
  promise: `${STANDARD}; logouts meanwhile are answered 503, and readiness says \`full\``,
  harm: async ({ fillDisk, unready }, { logouts, outage }) => {
    await logouts();
    const makeRoom = fillDisk?.();
    try {
      await unready(undefined, "full");
      await sleep(outage);
    } finally {
      makeRoom?.();
    }
    await logouts();
  },
};
const FLUSH: Scenario = {
  kind: "lost contents",
  what: "`FLUSHALL` on Redis",
  promise: `${STANDARD}; direct readers of Redis miss the keys until it is filled again`,
  harm: async ({ redis }, { logouts, outage }) => {
    await logouts();
    await redis?.flush();
    await sleep(outage);
  },
};
const REDIS_EMPTY: Scenario = {
  kind: "lost contents",
  what: "Redis is killed and restarted empty",
  promise: FLUSH.promise,
  harm: async ({ redis }, { logouts, outage }) => {
    await logouts();
    await redis?.kill();
    await redis?.start();
    await sleep(outage);
  },
};
const REDIS_DOWN: Scenario = {
  kind: "out of reach",
  what: "Redis is down",
  promise: "Logouts are answered 503, and Redis shows them when it is back; live checks are answered from the log in " +
    "memory and the database",
  longOutage: 120_000,
  harm: async ({ redis }, { logouts, outage }) => {
    await logouts();
    await redis?.kill();
    await sleep(outage);
    await redis?.start();
    await logouts();
  },
};
const REDIS_PAUSED: Scenario = {
  kind: "out of reach",
  what: "Redis hangs",
  promise: REDIS_DOWN.promise,
  harm: async ({ redis, unready }, { logouts, outage }) => {
    await logouts();
    redis?.pause();
    await unready();
    await sleep(outage);
    redis?.resume();
    await logouts();
  },
};
const EVICTION: Scenario = {
  kind: "eviction",
  what: "Redis evicts revocations (`volatile-lru`)",
  promise: `${STANDARD} except direct reads of Redis, which miss what it evicted`,
  except: "redis",
  harm: async ({ redis }, { logouts, outage }) => {
    if (redis === undefined) return;
    await evictWhenFull(redis);
    await logouts();
    await evict(redis, await redis.cli("KEYS", "revoked:*") as string[]);
    await sleep(outage);
    await logouts();
    await redis.cli("CONFIG", "SET", "maxmemory", "0");
    await redis.flush(); // and it is filled again
  },
};
const MOVE: Scenario = {
  kind: "move",
  what: "the replicas move to another, empty Redis, one by one",
  promise: `${STANDARD}; direct readers move last`,
  harm: async ({ replicas, standby, leadToStandby }, { logouts, outage }) => {
    if (standby === undefined) return;
    await standby.flush();
    for (const { link } of replicas) {
      await logouts();
      if (link === undefined) return;
      link.target = Number(new URL(standby.url).port);
      link.cut();
      link.heal();
    }
    await logouts();
    leadToStandby();
    await sleep(outage);
  },
};
const CUT_OFF: Scenario = {
  kind: "out of reach",
  what: "two of three replicas are cut off from Redis",
  promise: `${STANDARD}; logouts at the two are answered 503`,
  longOutage: 90_000,
  harm: async ({ replicas }, { logouts, outage }) => {
    await logouts();
    for (const { link } of replicas.slice(1)) link?.cut();
    await sleep(outage);
    for (const { link } of replicas.slice(1)) link?.heal();
    await logouts();
  },
};
const FAILOVER: Scenario = {
  kind: "failover",
  what: "Redis fails over to a replica that lacks the last seconds",
  promise: FLUSH.promise,
  harm: async (world, { logouts, outage }) => {
    const { redis, standby, leadToStandby } = world;
    if (redis === undefined || standby === undefined) return;
    await standby.cli("REPLICAOF", "127.0.0.1", new URL(redis.url).port);
    await logouts();
    await standby.cli("REPLICAOF", "NO", "ONE"); // from here on it misses what is acknowledged
    await logouts();
    await redis.kill();
    leadToStandby();
    await sleep(outage);
  },
};

/** What happens to one world, in an order in which each leaves behind what the next one needs. */
export interface Plan {
  all: readonly Scenario[];
  /** Those of the short form. Those of all worlds together cover each kind. */
  short: readonly Scenario[];
}
export const WITH_REDIS: Plan = {
  all: [
    CALM, KILL, FLUSH, REDIS_EMPTY, REDIS_DOWN, REDIS_PAUSED, CUT_OFF, EVICTION, REDIS_HOURS, REDIS_BACK,
    POSTGRES_RESTART, POSTGRES_RESTORED, CLOCKS, DATABASE_HOURS, MOVE, FAILOVER,
  ],
  short: [FLUSH, CUT_OFF, EVICTION, MOVE, FAILOVER],
};
export const WITH_POSTGRES: Plan = {
  all: [
    KILL, POSTGRES_RESTART, POSTGRES_PAUSED, CUT_OFF_DATABASE, POSTGRES_READ_ONLY, CLOCKS, MACHINE_HOURS, MACHINE_DAYS,
    MACHINE_BACK, DATABASE_HOURS, DATABASE_DAYS, DATABASE_BACK, POSTGRES_RESTORED, POSTGRES_PROMOTED,
  ],
  short: [POSTGRES_RESTART, POSTGRES_READ_ONLY, CLOCKS, POSTGRES_PROMOTED],
};
export const ALONE: Plan = {
  all: [KILL, DISK_FULL, CLOCK, MACHINE_HOURS, MACHINE_DAYS, MACHINE_BACK], short: [KILL, DISK_FULL],
};
export const BEHIND_PGBOUNCER: Plan = {
  all: [POSTGRES_RESTART, CUT_OFF_DATABASE, DISK_FULL], short: [POSTGRES_RESTART, DISK_FULL],
};
export const BEHIND_HAPROXY: Plan = {
  all: [POSTGRES_RESTART, POSTGRES_PAUSED, POSTGRES_READ_ONLY], short: [POSTGRES_RESTART],
};
