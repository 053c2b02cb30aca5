// The cost of ten thousand subscribers of one process, and the delay of their events.
import { setTimeout as sleep } from "node:timers/promises";
import { watch } from "../measuring.mjs";
import { residentMemory } from "../process.mjs";
import { startServer } from "../server.mjs";
import { connectAll, logOut, mintTokens, now, startReplicas } from "./replicas.mjs";

/** `rate`: logouts a second. */
const RATES = [{ rate: 1, seconds: 20 }, { rate: 10, seconds: 10 }, { rate: 50, seconds: 10 }];
/** Logouts while the subscribers are disconnected. */
const MISSED = 100;
/** Seconds of the measurement without logouts. */
const IDLE = 8;
/** Milliseconds until events that have not arrived count as missed. */
const TIMEOUT = 90_000;

export async function measureFeed(context) {
  const { entry, log, closing } = context;
  const replicas = await startReplicas(context);
  const { answering, listening, credentials, redis } = replicas;
  const amount = RATES.reduce((sum, { rate, seconds }) => sum + rate * seconds, 0) + 2 * MISSED;
  const tokens = await mintTokens(context, answering, credentials, amount);
  const take = (count) => tokens.splice(0, count);
  await logOut(answering, take(MISSED), 50); // warm-up

  const idleLoad = await backendLoad(replicas, () => sleep(IDLE * 1000));
  const before = residentMemory(listening.pid);
  const subscribers = await connectAll(context, replicas, context.sizes.subscribers);
  const memory = { before, after: residentMemory(listening.pid) };
  log(`${subscribers.count} subscribers connected`);
  const pids = { listening: listening.pid, answering: answering.pid, redis: redis.pid, ...subscribers.pids };
  const idleWatch = watch(pids);
  await sleep(IDLE * 1000);
  const idle = idleWatch();

  const rounds = [];
  let sent = 0;
  for (const { rate, seconds } of RATES) {
    const stopwatch = watch(pids);
    let answered;
    const load = await backendLoad(replicas, async () => {
      answered = await logOut(answering, take(rate * seconds), rate);
    });
    sent += rate * seconds;
    const outcome = await subscribers.call("arrived", { count: sent, timeout: TIMEOUT });
    const spent = stopwatch();
    const delays = merge(await subscribers.call("delays", { answered }));
    rounds.push({ rate, logouts: answered.length, delays, spent, outcome, load });
    log(`${rate} logouts a second measured`);
  }

  const disconnected = subscribers.call("disconnected");
  await listening.stop();
  await disconnected;
  await logOut(answering, take(MISSED), 50);
  const resuming = subscribers.call("resumed");
  const start = now();
  const restarted = await startServer(entry, replicas.env, { port: listening.port });
  closing.push(() => restarted.stop());
  const ready = now();
  const stopwatch = watch({ ...pids, listening: restarted.pid });
  const resumed = await resuming;
  const resumption = {
    seconds: (Math.max(...resumed.map(({ at }) => at)) - ready) / 1000, startUp: (ready - start) / 1000,
    resets: resumed.reduce((sum, { resets }) => sum + resets, 0), spent: stopwatch(),
    outcome: await subscribers.call("arrived", { count: sent + MISSED, timeout: TIMEOUT }), missed: MISSED,
  };
  await subscribers.call("end");
  return {
    subscribers: subscribers.count, connecting: subscribers.seconds,
    idleLoad, memory, idle, rounds, resumption,
  };
}

/** Counts the commands to Redis and the database's transactions, of all replicas, while `work` runs. */
async function backendLoad({ redis, database }, work) {
  const transactions = async () => (await database.query(
    `SELECT xact_commit::float8 AS count FROM pg_stat_database WHERE datname = current_database()`))[0].count;
  await redis.client.config("RESETSTAT");
  const [start, before] = [performance.now(), await transactions()];
  const stopwatch = watch({ redis: redis.pid });
  await work();
  const seconds = (performance.now() - start) / 1000;
  const stats = await redis.client.info("commandstats");
  const all = [...stats.matchAll(/^cmdstat_\S+:calls=(\d+)/gm)]
    .map(([, calls]) => Number(calls));
  return {
    seconds, calls: all.reduce((sum, calls) => sum + calls, 0),
    redisCpu: stopwatch().cpu.redis, transactions: await transactions() - before,
  };
}

/** Merges the histograms of all processes. Returns { p50, p99, max, count }; delays in milliseconds. */
function merge(all) {
  const sorted = all.flatMap(({ counts }) => counts).sort(([a], [b]) => a - b);
  const count = sorted.reduce((sum, [, times]) => sum + times, 0);
  const at = (share) => {
    let seen = 0;
    for (const [delay, times] of sorted) if ((seen += times) >= share * count) return delay / 10;
    return NaN;
  };
  return { p50: at(0.5), p99: at(0.99), max: at(1), count };
}
