import { setTimeout as sleep } from "node:timers/promises";
import type { Replica, World } from "./world.js";

export interface Scenario {
  what: string;
  promise: string;
  /** Breaks something for about `outage` milliseconds and repairs it. */
  harm(world: World, outage: number): Promise<void>;
  /** Seconds of life of its tokens, where that matters. */
  expiresIn?: number;
  /** Milliseconds that the outage takes in the long form, where it is to be longer than others. */
  longOutage?: number;
}

const [WARM_UP, STEP] = [1500, 300];
const last = ({ replicas }: World): Replica => replicas.at(-1) as Replica;
const STANDARD = "Every acknowledged logout stands, on every path";

export const CALM: Scenario = {
  what: "nothing breaks",
  promise: "Refused on every path from the answer on, by the feed within a second, by status lists within 6 s",
  harm: (_world, outage) => sleep(WARM_UP + outage),
};
export const KILL: Scenario = {
  what: "a replica is killed (`kill -9`) and started again",
  promise: `${STANDARD}; subscribers of its feed reconnect to another replica`,
  harm: async (world, outage) => {
    await sleep(WARM_UP);
    await last(world).kill();
    await sleep(outage);
    await last(world).start();
  },
};
export const CLOCKS: Scenario = {
  what: "one replica's clock steps 5 minutes ahead, then 5 minutes behind",
  promise: `${STANDARD}, also tokens that are about to expire`,
  expiresIn: 306,
  harm: async (world, outage) => {
    await sleep(STEP);
    last(world).stepClock(300);
    await sleep(WARM_UP + outage);
    last(world).stepClock(-300);
    await sleep(WARM_UP + Math.max(outage, 5000)); // until what was counted by the fast clock would be over
    last(world).stepClock(0);
  },
};
export const POSTGRES_RESTART: Scenario = {
  what: "PostgreSQL crashes and restarts",
  promise: `${STANDARD}; logouts meanwhile are answered 503 until they are recorded`,
  harm: async ({ postgres }, outage) => {
    await sleep(WARM_UP);
    await postgres?.restart();
    await sleep(outage);
  },
};
const FLUSH: Scenario = {
  what: "`FLUSHALL` on Redis",
  promise: `${STANDARD}; direct readers of Redis miss the keys until it is filled again`,
  harm: async ({ redis }, outage) => {
    await sleep(WARM_UP);
    await redis?.flush();
    await sleep(outage);
  },
};
const REDIS_EMPTY: Scenario = {
  what: "Redis is killed and restarted empty",
  promise: FLUSH.promise,
  harm: async ({ redis }, outage) => {
    await sleep(WARM_UP);
    await redis?.kill();
    await redis?.start();
    await sleep(outage);
  },
};
const REDIS_DOWN: Scenario = {
  what: "Redis is down",
  promise: "Logouts are answered 503 and take effect when it is back; earlier revocations are read from the database",
  longOutage: 120_000,
  harm: async ({ redis }, outage) => {
    await sleep(WARM_UP);
    await redis?.kill();
    await sleep(outage);
    await redis?.start();
    await sleep(WARM_UP);
  },
};
const CUT_OFF: Scenario = {
  what: "two of three replicas are cut off from Redis",
  promise: `${STANDARD}; the two end their feeds, so that subscribers connect to the third`,
  longOutage: 90_000,
  harm: async ({ replicas }, outage) => {
    await sleep(WARM_UP);
    for (const { link } of replicas.slice(1)) link?.cut();
    await sleep(outage);
    for (const { link } of replicas.slice(1)) link?.heal();
    await sleep(WARM_UP);
  },
};
const FAILOVER: Scenario = {
  what: "Redis fails over to a replica that lacks the last seconds",
  promise: FLUSH.promise,
  harm: async (world, outage) => {
    const { redis, standby, leadTo } = world;
    if (redis === undefined || standby === undefined) return;
    await standby.cli("REPLICAOF", "127.0.0.1", new URL(redis.url).port);
    await sleep(WARM_UP);
    await standby.cli("REPLICAOF", "NO", "ONE"); // from here on it misses what is acknowledged
    await sleep(WARM_UP);
    await redis.kill();
    leadTo(standby);
    await sleep(outage);
  },
};

/** In an order in which each leaves behind what the next one needs: the fail-over comes last. */
export const WITH_REDIS = [CALM, KILL, FLUSH, REDIS_EMPTY, REDIS_DOWN, CUT_OFF, POSTGRES_RESTART, CLOCKS, FAILOVER];
export const WITH_POSTGRES = [KILL, POSTGRES_RESTART, CLOCKS];
export const ALONE = [KILL, CLOCKS];
