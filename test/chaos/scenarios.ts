import { setTimeout as sleep } from "node:timers/promises";
import type { Replica, World } from "./world.js";

export const KINDS = [
  "none", "kill", "clock step", "database restart", "lost contents", "out of reach", "failover",
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
  harm(world: World, pace: Pace): Promise<void>;
  /** Seconds of life of its tokens, where that matters. */
  expiresIn?: number;
  /** Milliseconds that the outage takes in the long form, where it is to be longer than others. */
  longOutage?: number;
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
const CLOCKS: Scenario = {
  kind: "clock step",
  what: "one replica's clock steps 5 minutes ahead, then 5 minutes behind",
  promise: `${STANDARD}, also tokens that are about to expire`,
  expiresIn: 306,
  harm: async (world, { logouts, outage }) => {
    await logouts();
    last(world).stepClock(300);
    await logouts();
    await sleep(outage);
    last(world).stepClock(-300);
    await logouts();
    await sleep(Math.max(outage, 5000)); // until what was counted by the fast clock would be over
    last(world).stepClock(0);
  },
};
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
  promise: "Logouts are answered 503 and take effect when it is back; earlier revocations are read from the database",
  longOutage: 120_000,
  harm: async ({ redis }, { logouts, outage }) => {
    await logouts();
    await redis?.kill();
    await sleep(outage);
    await redis?.start();
    await logouts();
  },
};
const CUT_OFF: Scenario = {
  kind: "out of reach",
  what: "two of three replicas are cut off from Redis",
  promise: `${STANDARD}; the two end their feeds, so that subscribers connect to the third`,
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
    const { redis, standby, leadTo } = world;
    if (redis === undefined || standby === undefined) return;
    await standby.cli("REPLICAOF", "127.0.0.1", new URL(redis.url).port);
    await logouts();
    await standby.cli("REPLICAOF", "NO", "ONE"); // from here on it misses what is acknowledged
    await logouts();
    await redis.kill();
    leadTo(standby);
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
  all: [CALM, KILL, FLUSH, REDIS_EMPTY, REDIS_DOWN, CUT_OFF, POSTGRES_RESTART, CLOCKS, FAILOVER],
  short: [FLUSH, CUT_OFF, FAILOVER],
};
export const WITH_POSTGRES: Plan = { all: [KILL, POSTGRES_RESTART, CLOCKS], short: [POSTGRES_RESTART, CLOCKS] };
export const ALONE: Plan = { all: [KILL, CLOCKS], short: [KILL] };
