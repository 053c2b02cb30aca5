// Mint on an otherwise idle service, with status lists, and with many subscribers.
import { setTimeout as sleep } from "node:timers/promises";
import { mintAs, register, watch } from "../measuring.mjs";
import { startServer } from "../server.mjs";
import { connectAll, logOut, mintTokens, startReplicas } from "./replicas.mjs";
import { networked, ownDatabase, ownRedis } from "./services.mjs";

/** Logouts a second. */
const RATE = 20;
const ROUNDS = 4;
/** Mints in a round, and in the warm-up. */
const AMOUNT = 3000;
const WARM_UP = 6000;
/** Seconds of a round without mints. */
const ALONE = 2;
/** Seconds of logouts in a round, at most. If minting takes longer, its last part runs without logouts. */
const LONGEST = 12;
/** Milliseconds. */
const TIMEOUT = 60_000;

export async function measureMinting(context) {
  const { entry, dir, log, closing, sizes, generator: { measure } } = context;
  const [database, redis] = [await ownDatabase("mint"), await ownRedis(dir)];
  closing.push(database.close, redis.close);
  const env = networked(database, redis);
  const empty = await startServer(entry, env);
  const lists = await startServer(entry, { ...env, AUTHFLOW_STATUS_LISTS: "on" });
  closing.push(() => Promise.all([empty, lists].map((server) => server.stop())));
  const replicas = await startReplicas(context);
  const { listening, answering } = replicas;
  const minting = { requests: [mintAs(await register(empty))], amount: AMOUNT };
  const mintingThere = { ...minting, requests: [mintAs(replicas.credentials)] };
  for (const [server, task] of [[empty, minting], [lists, minting], [listening, mintingThere]])
    await measure(server, { ...task, amount: WARM_UP });
  const results = { empty: [], lists: [], listening: [] };
  for (const count of [sizes.subscribers / 10, sizes.subscribers]) {
    const tokens = await mintTokens(context, answering, replicas.credentials, ROUNDS * RATE * (LONGEST + ALONE));
    const subscribers = await connectAll(context, replicas, count);
    log(`${subscribers.count} subscribers connected`);
    const tier = await alternate({
      empty: () => measure(empty, minting),
      lists: () => measure(lists, minting),
      ...withLogouts({ ...replicas, tokens, subscribers, mint: () => measure(listening, mintingThere) }),
    });
    await subscribers.call("end");
    results.empty.push(...tier.empty);
    results.lists.push(...tier.lists);
    results.listening.push({ ...tier, count });
  }
  return { ...results, rate: RATE };
}

/** Tasks that run during logouts. Each ends when all subscribers have received all events. */
function withLogouts({ answering, listening, tokens, subscribers, mint }) {
  let [sent, longest] = [0, 2];
  const duringLogouts = async (seconds, work) => {
    const some = tokens.splice(0, RATE * seconds);
    const loggedOut = logOut(answering, some, RATE);
    const result = await work();
    await loggedOut;
    sent += some.length;
    await subscribers.call("arrived", { count: sent, timeout: TIMEOUT });
    await subscribers.call("forget");
    return result;
  };
  return {
    alone: () => duringLogouts(ALONE, async () => {
      const stopwatch = watch({ listening: listening.pid });
      await sleep(ALONE * 1000);
      const { seconds, cpu } = stopwatch();
      return { serverCores: cpu.listening / seconds };
    }),
    minting: async () => {
      const result = await duringLogouts(Math.min(LONGEST, Math.ceil(longest)), mint);
      longest = AMOUNT / result.rate;
      return result;
    },
  };
}

/** Every second round runs in reverse order. */
async function alternate(tasks) {
  const results = Object.fromEntries(Object.keys(tasks).map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    const order = Object.entries(tasks);
    for (const [name, task] of round % 2 === 0 ? order : order.reverse()) results[name].push(await task());
  }
  return results;
}
