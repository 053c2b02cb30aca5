// Mint on a service that has nothing else to do, with status lists, and on one that has ten thousand listeners.
import { setTimeout as sleep } from "node:timers/promises";
import { mintAs, register, watch } from "../measuring.mjs";
import { startServer } from "../server.mjs";
import { connectAll, logOut, mintTokens, startReplicas } from "./listening.mjs";
import { networked, ownDatabase, ownRedis } from "./places.mjs";

const RATE = 20;
const ROUNDS = 4;
const AMOUNT = 3000;
const WARM_UP = 6000;
const ALONE = 2;
/** A round of mints takes no longer, or its last part is not disturbed by logouts. */
const LONGEST = 12;
const PATIENCE = 60_000;

export async function measureMinting(context) {
  const { entry, dir, say, closing, sizes, generator: { measure } } = context;
  const [database, redis] = [await ownDatabase("mint"), await ownRedis(dir)];
  closing.push(database.close, redis.close);
  const env = networked(database, redis);
  const empty = await startServer(entry, env);
  const lists = await startServer(entry, { ...env, AUTHFLOW_STATUS_LISTS: "on" });
  closing.push(() => Promise.all([empty, lists].map((server) => server.stop())));
  const replicas = await startReplicas(context);
  const { listening, answering } = replicas;
  const minting = { requests: [mintAs(await register(empty))], amount: AMOUNT };
  const listened = { ...minting, requests: [mintAs(replicas.credentials)] };
  for (const [server, task] of [[empty, minting], [lists, minting], [listening, listened]])
    await measure(server, { ...task, amount: WARM_UP });
  const results = { empty: [], lists: [], listening: [] };
  for (const count of [sizes.subscribers / 10, sizes.subscribers]) {
    const tokens = await mintTokens(context, answering, replicas.credentials, ROUNDS * RATE * (LONGEST + ALONE));
    const subscribers = await connectAll(context, replicas, count);
    say(`${subscribers.count} subscribers connected`);
    const tier = await alternate({
      empty: () => measure(empty, minting),
      lists: () => measure(lists, minting),
      ...disturbed({ ...replicas, tokens, subscribers, mint: () => measure(listening, listened) }),
    });
    await subscribers.tell("end");
    results.empty.push(...tier.empty);
    results.lists.push(...tier.lists);
    results.listening.push({ ...tier, count });
  }
  return { ...results, rate: RATE };
}

/** Log-outs go on for as long as the work takes, and nothing else begins before all have heard of them. */
function disturbed({ answering, listening, tokens, subscribers, mint }) {
  let [told, longest] = [0, 2];
  const meanwhile = async (seconds, work) => {
    const some = tokens.splice(0, RATE * seconds);
    const loggedOut = logOut(answering, some, RATE);
    const result = await work();
    await loggedOut;
    told += some.length;
    await subscribers.tell("arrived", { count: told, patience: PATIENCE });
    await subscribers.tell("forget");
    return result;
  };
  return {
    alone: () => meanwhile(ALONE, async () => {
      const stopwatch = watch({ listening: listening.pid });
      await sleep(ALONE * 1000);
      const { seconds, cpu } = stopwatch();
      return { serverCores: cpu.listening / seconds };
    }),
    minting: async () => {
      const result = await meanwhile(Math.min(LONGEST, Math.ceil(longest)), mint);
      longest = AMOUNT / result.rate;
      return result;
    },
  };
}

/** Every other round runs backwards. */
async function alternate(tasks) {
  const results = Object.fromEntries(Object.keys(tasks).map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    const order = Object.entries(tasks);
    for (const [name, task] of round % 2 === 0 ? order : order.reverse()) results[name].push(await task());
  }
  return results;
}
