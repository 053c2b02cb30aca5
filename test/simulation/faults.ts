import type { History } from "./history.js";
import type { Replica } from "./replica.js";

export interface Fault { name: string; run: (history: History) => void }

const HOUR = 3_600_000;

/** What can go wrong, each with its weight. What lasts ends by itself. */
export const faults: readonly (readonly [weight: number, fault: Fault])[] = [
  [4, { name: "the database fails over and loses its last commits", run: ({ database, random, time }) => {
    database.lose(random.between(1, 4));
    if (random.chance(0.5)) return;
    database.isUp = false;
    time.after(random.between(1, 600), () => { database.isUp = true; });
  } }],
  [2, { name: "the database is restored from a backup", run: ({ database, random }) => {
    database.restore(random.between(1, random.pick([10, database.commits])), random.chance(0.5));
  } }],
  [1, { name: "the database refuses writes", run: ({ database, random, time }) => {
    database.isWritable = false;
    time.after(random.between(1, 1500), () => { database.isWritable = true; });
  } }],
  [3, { name: "a replica is cut off from the database", run: (history) => {
    const link = history.anyReplica()?.databaseLink;
    if (link === undefined || link.cutSince !== undefined) return;
    link.cutSince = history.time.now;
    history.time.after(history.random.between(1, 3000), () => { link.cutSince = undefined; });
  } }],
  [2, { name: "a replica is cut off from Redis", run: (history) => {
    const link = history.anyReplica()?.redisLink;
    if (link === undefined || link.cutSince !== undefined) return;
    link.cutSince = history.time.now;
    history.time.after(history.random.between(1, 3000), () => { link.cutSince = undefined; });
  } }],
  [4, { name: "a replica crashes", run: (history) => {
    const replica = history.anyReplica();
    if (replica !== undefined) crash(history, replica);
  } }],
  [1.5, { name: "the database fails over while every replica crashes", run: (history) => {
    history.database.lose(history.random.between(1, 4));
    for (const replica of [...history.replicas.values()]) crash(history, replica);
  } }],
  [1, { name: "a Redis loses everything", run: ({ redises, random }) => { random.pick(redises).flush(); } }],
  [1, { name: "a Redis evicts", run: ({ redises, random }) => { random.pick(redises).evict(); } }],
  [2, { name: "a Redis restarts without its last writes", run: ({ redises, random }) => {
    random.pick(redises).restart(random.between(0, 8));
  } }],
  [1, { name: "a Redis is down", run: ({ redises, random, time }) => {
    const redis = random.pick(redises);
    redis.isUp = false;
    time.after(random.between(1, 1500), () => { redis.isUp = true; });
  } }],
  [0.5, { name: "a Redis is full", run: ({ redises, random, time }) => {
    const redis = random.pick(redises);
    redis.isFull = true;
    time.after(random.between(1, 1500), () => { redis.isFull = false; });
  } }],
  [1, { name: "the clock of a Redis steps", run: ({ redises, random, time }) => {
    const redis = random.pick(redises);
    redis.clockError = random.pick([2 * HOUR, -2 * HOUR, 48 * HOUR]);
    time.after(random.between(1, 3000), () => { redis.clockError = 0; });
  } }],
  [1, { name: "clocks step", run: (history) => {
    history.clockError = history.random.pick([2 * HOUR, -2 * HOUR, 48 * HOUR]);
    history.time.after(history.random.between(1, 4000), () => { history.clockError = 0; });
  } }],
  [0.3, { name: "everything stands still for a day", run: ({ time, random }) => {
    time.jump(random.between(20, 60) * HOUR);
  } }],
];

function crash(history: History, replica: Replica): void {
  const { name, redis } = replica;
  history.note(`${name} crashes`);
  history.replicas.delete(name);
  replica.crash();
  history.time.after(history.random.between(0, 800), () => {
    if (!history.replicas.has(name)) history.startReplica(name, redis);
  });
}
