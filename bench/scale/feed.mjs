// What ten thousand subscribers of one process cost, and how late they hear.
import { setTimeout as sleep } from "node:timers/promises";
import { watch } from "../measuring.mjs";
import { residentMemory } from "../process.mjs";
import { startServer } from "../server.mjs";
import { connectAll, logOut, mintTokens, now, startReplicas } from "./listening.mjs";

const RATES = [{ rate: 1, seconds: 20 }, { rate: 10, seconds: 10 }, { rate: 50, seconds: 10 }];
const MISSED = 100;
const QUIET = 8;
/** Turns of a reader of the stream, and how many events the larger ones find. */
const [TURNS, EVENTS] = [2000, 500];
const PATIENCE = 90_000;

export async function measureFeed(context) {
  const { entry, say, closing } = context;
  const replicas = await startReplicas(context);
  const { answering, listening, credentials, redis } = replicas;
  const amount = RATES.reduce((sum, { rate, seconds }) => sum + rate * seconds, 0) + 2 * MISSED;
  const tokens = await mintTokens(context, answering, credentials, amount);
  const take = (count) => tokens.splice(0, count);
  await logOut(answering, take(MISSED), 50); // warm-up

  const asking = await questions(replicas, () => sleep(QUIET * 1000));
  const before = residentMemory(listening.pid);
  const subscribers = await connectAll(context, replicas, context.sizes.subscribers);
  const memory = { before, after: residentMemory(listening.pid) };
  say(`${subscribers.count} subscribers connected`);
  const pids = { listening: listening.pid, answering: answering.pid, redis: redis.pid, ...subscribers.pids };
  const quietly = watch(pids);
  await sleep(QUIET * 1000);
  const quiet = quietly();

  const rounds = [];
  let told = 0;
  for (const { rate, seconds } of RATES) {
    const stopwatch = watch(pids);
    let answered;
    const asked = await questions(replicas, async () => {
      answered = await logOut(answering, take(rate * seconds), rate);
    });
    told += rate * seconds;
    const outcome = await subscribers.tell("arrived", { count: told, patience: PATIENCE });
    const spent = stopwatch();
    const delays = merge(await subscribers.tell("delays", { answered }));
    rounds.push({ rate, logouts: answered.length, delays, spent, outcome, asked });
    say(`${rate} logouts a second: told`);
  }

  const reading = await readingCost(replicas);
  const gone = subscribers.tell("allGone");
  await listening.stop();
  await gone;
  await logOut(answering, take(MISSED), 50);
  const back = subscribers.tell("resumed");
  const start = now();
  const again = await startServer(entry, replicas.env, { port: listening.port });
  closing.push(() => again.stop());
  const ready = now();
  const stopwatch = watch({ ...pids, listening: again.pid });
  const resumed = await back;
  const resumption = {
    seconds: (Math.max(...resumed.map(({ at }) => at)) - ready) / 1000, startUp: (ready - start) / 1000,
    resets: resumed.reduce((sum, { resets }) => sum + resets, 0), spent: stopwatch(),
    outcome: await subscribers.tell("arrived", { count: told + MISSED, patience: PATIENCE }), missed: MISSED,
  };
  await subscribers.tell("end");
  return {
    subscribers: subscribers.count, connecting: subscribers.seconds, asking, reading, memory, quiet, rounds, resumption,
  };
}

/**
 * Seconds of Redis's CPU for a replica's turn (src/stores/redis/revocation-feed.ts: woken, it looks) that finds one
 * event, and for each event more; and the stream's bytes for each event.
 */
async function readingCost({ redis: { client, pid }, database }) {
  const [{ uuid }] = await database.query("SELECT uuid FROM installation");
  const stream = `authflow:${uuid}:feed`;
  const turns = async (events) => {
    const stopwatch = watch({ redis: pid });
    for (let i = 0; i < TURNS; i++) {
      await client.xread("COUNT", 1, "STREAMS", stream, "0-1");
      await client.multi().get(`authflow:${uuid}:cutoffs:complete`).get(`${stream}:epoch`)
        .xrange(stream, "-", "+", "COUNT", 1).xrevrange(stream, "+", "-", "COUNT", 1)
        .xrange(stream, "(0-1", "+", "COUNT", events).exec();
    }
    return stopwatch().cpu.redis / TURNS;
  };
  const events = Math.min(EVENTS, await client.xlen(stream));
  const [one, many] = [await turns(1), await turns(events)];
  const bytes = await client.memory("USAGE", stream) / await client.xlen(stream);
  return { turn: one, event: (many - one) / (events - 1), bytes };
}

/** What all replicas ask Redis and the database during some work, a second. */
async function questions({ redis, database }, work) {
  const transactions = async () => (await database.query(
    `SELECT xact_commit::float8 AS count FROM pg_stat_database WHERE datname = current_database()`))[0].count;
  await redis.client.config("RESETSTAT");
  const [start, before] = [performance.now(), await transactions()];
  const stopwatch = watch({ redis: redis.pid });
  await work();
  const seconds = (performance.now() - start) / 1000;
  const stats = await redis.client.info("commandstats");
  const all = [...stats.matchAll(/^cmdstat_(\S+):calls=(\d+),usec=(\d+)/gm)]
    .map(([, name, calls, micro]) => ({ name, calls: Number(calls), micro: Number(micro) }));
  return {
    seconds, calls: all.reduce((sum, { calls }) => sum + calls, 0), info: all.find(({ name }) => name === "info"),
    redisCpu: stopwatch().cpu.redis, transactions: await transactions() - before,
  };
}

/** Histograms of all processes as { p50, p99, max, count }, in milliseconds. */
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
