// What many replicas cost PostgreSQL, Redis and each other: at rest, and when tokens are logged out. They are complete
// replicas except that they serve no HTTP, and many share a process. Of a thousand not all fit a small machine: the
// others only have their rows in the table `replicas`, and give their signs of life.
import { fork } from "node:child_process";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { watch } from "../measuring.mjs";
import { residentMemory } from "../process.mjs";
import { median } from "../report.mjs";
import { stop } from "../server.mjs";
import { networked, ownPostgres, ownRedis } from "./services.mjs";

const PROCESSES = 4;
/** Milliseconds until replicas that were just started have agreed with each other; and of a measurement at rest. */
const [SETTLING, REST] = [12_000, 20_000];
/** Milliseconds between two signs of life of a replica, as in src/revocation/outlet-agreement.ts. */
const BEAT_INTERVAL = 5000;
/** Logouts one by one, and logouts a second for some seconds. */
const [SINGLE, RATE, SECONDS] = [20, 20, 8];

export async function measureReplicas({ entry, dir, log, closing, sizes }) {
  const results = {};
  for (const withRedis of [false, true]) {
    const name = withRedis ? "PostgreSQL and Redis" : "PostgreSQL";
    results[name] = [];
    for (const count of sizes.replicas) {
      const opened = [];
      closing.push(() => close(opened));
      const database = await ownPostgres(dir);
      opened.push(database.close);
      const redis = withRedis ? await ownRedis(dir) : undefined;
      if (redis) opened.push(redis.close);
      const hosts = startHosts(opened, entry, networked(database, redis));
      const running = Math.min(count, sizes.running);
      await hosts.start(running);
      opened.push(await register(database, count - running));
      log(`${count} replicas, ${name}: ${running} run`);
      await sleep(SETTLING);
      results[name].push({ count, running, ...await measure({ hosts, database, redis, count: running }) });
      log(`${count} replicas, ${name}: ${JSON.stringify(results[name].at(-1))}`);
      await close(opened);
    }
  }
  return results;
}

async function close(opened) {
  for (const one of opened.splice(0).reverse()) await one();
}

/** Adds replicas that do not run to the table, and keeps them alive. Returns how to stop that. */
async function register({ url, query }, count) {
  const [{ outlet, history }] = await query("SELECT outlet, history FROM replicas LIMIT 1");
  await query(`WITH changed AS (UPDATE installation SET replica_version = gen_random_uuid()::text)
    INSERT INTO replicas (id, outlet, trusts, beat, history)
    SELECT 'other ' || i, $1::text, $2::boolean, 0, $3::text FROM generate_series(1, $4::int) i`,
  [outlet, outlet !== null, history, count]);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  let isOver = false;
  const beat = async () => {
    const start = performance.now();
    for (let beats = 0; !isOver && count > 0; beats++) {
      await sleep(start + beats * BEAT_INTERVAL / count - performance.now());
      await client.query("UPDATE replicas SET beat = beat + 1 WHERE id = $1", [`other ${beats % count + 1}`]);
    }
  };
  const beating = beat();
  return async () => {
    isOver = true;
    await beating;
    await client.end();
  };
}

/** Processes that run replicas. */
function startHosts(opened, entry, env) {
  const program = fileURLToPath(new URL("replica-host.mjs", import.meta.url));
  const hosts = Array.from({ length: PROCESSES }, () =>
    fork(program, [join(dirname(entry), "/")], { env: { ...process.env, ...env } }));
  opened.push(() => Promise.all(hosts.map(stop)));
  const pids = Object.fromEntries(hosts.map(({ pid }, i) => [`host ${i}`, pid]));
  const call = (host, action, options) => new Promise((resolve, reject) => {
    const ended = (code) => { reject(new Error(`A process with replicas ended with ${code}`)); };
    const id = Math.random();
    const hear = (answer) => {
      if (answer.id !== id) return;
      host.off("exit", ended).off("message", hear);
      if (answer.error === undefined) resolve(answer);
      else reject(new Error(answer.error));
    };
    host.setMaxListeners(0).on("message", hear).once("exit", ended).send({ id, action, ...options });
  });
  const all = (action, options = () => ({})) => Promise.all(hosts.map((host, i) => call(host, action, options(i))));
  return {
    pids,
    memory: () => Object.values(pids).reduce((sum, pid) => sum + residentMemory(pid), 0),
    start: (count) => all("start", (i) => ({ count: Math.floor((count + i) / PROCESSES) })),
    /** Logs a token out at one of the replicas. */
    logOut: (i) => call(hosts[i % PROCESSES], "logOut", { which: Math.floor(i / PROCESSES) }),
    /** Milliseconds of all replicas for all logouts since the last call, from the answer until they know it. */
    delays: async (answers) => {
      const answered = answers.map(({ jti, at }) => [jti, at]);
      const found = await all("delays", () => ({ answered }));
      return found.flatMap(({ delays }) => delays).sort((a, b) => a - b);
    },
  };
}

async function measure({ hosts, database, redis, count }) {
  const spent = async () => ({
    postgres: database.cpuSeconds(), ...await database.counts(),
    redis: await redis?.number("total_commands_processed") ?? 0,
  });
  const during = async (work) => {
    await sleep(1500); // PostgreSQL counts rows some time after they were read
    const before = await spent();
    const stopwatch = watch({ ...hosts.pids, ...(redis && { redis: redis.pid }) });
    const outcome = await work();
    const { seconds, cpu, idle } = stopwatch();
    await sleep(1500);
    const after = await spent();
    const perSecond = Object.fromEntries(Object.keys(after).map((name) =>
      [name, (after[name] - before[name]) / (name === "postgres" ? seconds : seconds + 1.5)]));
    const { redis: redisCpu = 0, ...ofHosts } = cpu;
    return {
      outcome, seconds, idle, ...perSecond, redisCores: redisCpu / seconds,
      replica: Object.values(ofHosts).reduce((sum, one) => sum + one, 0) / seconds / count,
    };
  };
  const { outcome: _, ...rest } = await during(() => sleep(REST));
  const connections = await database.connections();
  const memory = hosts.memory() / count;
  const logOutAll = async (logouts, pause) => {
    const answers = [];
    await Promise.all(Array.from({ length: logouts }, async (_, i) => {
      await sleep(i * pause);
      answers.push(await hosts.logOut(i));
    }));
    await sleep(500);
    return answers;
  };
  const summary = async ({ outcome, ...load }, logouts) => {
    const delays = await hosts.delays(outcome);
    return {
      ...load, logouts,
      perLogout: (load.postgres - rest.postgres) * load.seconds / logouts,
      answer: median(outcome.map(({ took }) => took)),
      known: delays.length / (logouts * count), p50: median(delays), p99: delays[Math.floor(delays.length * 0.99)],
      max: delays.at(-1),
    };
  };
  const single = await summary(await during(() => logOutAll(SINGLE, 500)), SINGLE);
  const many = await summary(await during(() => logOutAll(RATE * SECONDS, 1000 / RATE)), RATE * SECONDS);
  return { rest, connections, memory, single, many };
}
