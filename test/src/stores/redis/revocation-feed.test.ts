import { randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import t, { type Test } from "../../../support/tap.js";
import type { Cutoff } from "../../../../src/revocation/cutoff.js";
import { type FeedEvent, eventOfCutoff, eventOfToken } from "../../../../src/revocation/feed/event.js";
import type { Revocation } from "../../../../src/revocation/journal.js";
import { RedisRevocationCache } from "../../../../src/stores/redis/revocation-cache.js";
import { RedisRevocationFeed } from "../../../../src/stores/redis/revocation-feed.js";
import { isReady, type PrivateRedis, privateRedis } from "../../../support/private-redis.js";

const NOW = Date.now();
/** Longer than the tests may take: Redis ends what it holds by the real clock. */
const LIFE = 3_600_000;
const FORM = /^[0-9a-f-]{36}\.\d{13}-\d{6}$/;
const revocation = (jti: string = randomUUID()): Revocation =>
  ({ jti, clientId: "c", subject: "s", revokedAt: NOW, expiresAt: NOW + LIFE });
const cutoff = (value: string = randomUUID()): Cutoff =>
  ({ scope: "sub", value, issuedBefore: NOW, expiresAt: NOW + LIFE });
const epochOf = (id: string): string => id.slice(0, id.lastIndexOf("."));
const withoutIds = (events: FeedEvent[] | undefined) => events?.map(({ name, data }) => ({ name, data }));

/** What one replica has of a Redis. */
async function replica(t: Test, { url }: PrivateRedis, keyPrefix = "") {
  const redis = new Redis(url, { keyPrefix, retryStrategy: () => 50, maxRetriesPerRequest: 0 });
  redis.on("error", () => undefined);
  const cache = new RedisRevocationCache(redis, "installation");
  const feed = new RedisRevocationFeed(redis, "installation", cache);
  t.teardown(() => { feed.close(); redis.disconnect(); });
  await isReady(redis);
  return { redis, cache, feed, fill: () => cache.fill(async () => undefined) };
}

async function filled(t: Test) {
  const server = await privateRedis(t);
  if (server === undefined) return undefined;
  const one = await replica(t, server);
  await one.fill();
  return { server, ...one };
}

/** Announces a token or a cut-off; returns its event. */
async function announce(cache: RedisRevocationCache, i: number) {
  if (i % 3 === 0) {
    const entry = cutoff();
    await cache.putCutoffs([entry], true);
    return eventOfCutoff(entry);
  }
  const entry = revocation();
  await cache.put([entry], true);
  return eventOfToken(entry);
}

const UNFILLED = /does not hold all revocations yet/;

await t.test("before Redis is filled the feed sends nothing; then it begins empty, at its own place", async (t) => {
  const server = await privateRedis(t);
  if (server === undefined) return;
  const { feed, fill, cache } = await replica(t, server);
  await t.rejects(feed.head(), UNFILLED);
  await cache.put([revocation()], true);
  await t.rejects(feed.head(), UNFILLED);
  await fill();
  const start = await feed.head();
  t.match(start, FORM);
  t.strictSame(await feed.after(start, 10), [], "what was published before is sent with everything");
});

await t.test("it sends what is published, from any place, a page at a time, at every replica", async (t) => {
  const setting = await filled(t);
  if (setting === undefined) return;
  const { server, cache, feed } = setting;
  const other = await replica(t, server);
  t.equal(await other.cache.isComplete(), true);
  const start = await feed.head();
  await cache.put([revocation()], false);
  await cache.putCutoffs([cutoff()], false);
  t.equal(await feed.head(), start, "not what is shown anew");
  const expected = [];
  for (let i = 0; i < 7; i++) expected.push(await announce(i % 2 === 0 ? cache : other.cache, i));
  const events = await feed.after(start, 10) ?? [];
  t.strictSame(withoutIds(events), expected);
  const places = [start, ...events.map(({ id }) => id)];
  t.strictSame([...places].sort(), places);
  t.equal(new Set(places.map(epochOf)).size, 1);
  for (const [i, place] of places.entries()) {
    t.match(place, FORM);
    t.strictSame(await other.feed.after(place, 3), events.slice(i, i + 3));
  }
  t.equal(await other.feed.head(), places.at(-1));
});

await t.test("who reads while two replicas announce meets nothing out of order, and all of it", async (t) => {
  const setting = await filled(t);
  if (setting === undefined) return;
  const { server, cache, feed } = setting;
  const other = await replica(t, server);
  const start = await feed.head();
  const seen: FeedEvent[] = [];
  const read = async () => {
    const events = await feed.after(seen.at(-1)?.id ?? start, 1000);
    seen.push(...events ?? [{ id: "", name: "revoked", data: "lost" }]);
  };
  let writing = true;
  const writers = Promise.all(Array.from({ length: 20 }, async (_, lane) => {
    const written = [];
    for (let n = 0; n < 50; n++) written.push(await announce(lane % 2 === 0 ? cache : other.cache, n));
    return written;
  })).finally(() => { writing = false; });
  while (writing) await read();
  const written = (await writers).flat();
  await read();
  const ids = seen.map(({ id }) => id);
  t.strictSame([...new Set(ids)].sort(), ids);
  t.strictSame(seen.map(({ data }) => data).sort(), written.map(({ data }) => data).sort());
});

await t.test("a place that it never gave is invalid", async (t) => {
  const setting = await filled(t);
  if (setting === undefined) return;
  const { feed, cache } = setting;
  await announce(cache, 1);
  const head = await feed.head();
  const [epoch, entry = ""] = head.split(".");
  for (const place of ["", "0", epoch as string, `${epoch}.`, `${epoch}.0-0`, entry, `${randomUUID()}.${entry}`,
    `${head}0`, `${head} `,
    `${head}\n`, head.toUpperCase(), "journal.000000000000001",
    `${epoch}.0000000000000-000000`, `${epoch}.9999999999999-000000`,
    `${epoch}.${entry.replace(/\d{6}$/, "999999")}`]) {
    t.equal(await feed.after(place, 10), undefined, JSON.stringify(place));
  }
  t.strictSame(await feed.after(head, 10), []);
});

await t.test("a flush ends the epoch, and until Redis is filled again nothing is sent", async (t) => {
  const setting = await filled(t);
  if (setting === undefined) return;
  const { feed, cache, fill, server } = setting;
  const [start] = [await feed.head(), await announce(cache, 1)];
  const before = await feed.head();
  await server.flush();
  await t.rejects(feed.head(), UNFILLED);
  await t.rejects(feed.after(before, 10), UNFILLED);
  await announce(cache, 1);
  await t.rejects(feed.after(before, 10), UNFILLED);
  t.equal(await cache.isComplete(), false);
  t.equal(await fill(), true);
  for (const place of [start, before]) t.equal(await feed.after(place, 10), undefined);
  t.not(epochOf(await feed.head()), epochOf(before));
  t.strictSame(await feed.after(await feed.head(), 10), []);
});

for (const [what, dumped] of [["empty", false], ["with an old dump", true]] as const) {
  await t.test(`a Redis that comes back ${what} is not believed, and begins another epoch`, async (t) => {
    const setting = await filled(t);
    if (setting === undefined) return;
    const { feed, cache, fill, server, redis } = setting;
    await announce(cache, 1);
    const early = await feed.head();
    if (dumped) await server.cli("SAVE");
    await announce(cache, 1);
    const late = await feed.head();
    await server.kill();
    await t.rejects(feed.after(early, 10));
    await server.start();
    await isReady(redis);
    await t.rejects(feed.after(early, 10), UNFILLED);
    t.equal(await cache.isComplete(), false);
    await t.rejects(feed.after(early, 10), UNFILLED);
    await fill();
    for (const place of [early, late]) t.equal(await feed.after(place, 10), undefined);
    t.not(epochOf(await feed.head()), epochOf(late));
  });
}

await t.test("a primary that became a replica and a primary again is another epoch", async (t) => {
  const [setting, other] = [await filled(t), await privateRedis(t)];
  if (setting === undefined || other === undefined) return;
  const { feed, cache, fill, server } = setting;
  for (const one of [server, other]) await one.cli("CONFIG", "SET", "repl-diskless-sync-delay", "0");
  await other.cli("REPLICAOF", "127.0.0.1", new URL(server.url).port);
  while (!String(await other.cli("INFO", "replication")).includes("master_link_status:up")) {
    /* until it has copied */
  }
  await announce(cache, 1);
  const before = await feed.head();
  await other.cli("REPLICAOF", "NO", "ONE");
  await server.cli("REPLICAOF", "127.0.0.1", new URL(other.url).port);
  await t.rejects(cache.isComplete(), /READONLY|read-only replica/);
  await t.rejects(feed.head());
  await server.cli("REPLICAOF", "NO", "ONE");
  t.equal(await cache.isComplete(), false);
  await t.rejects(feed.after(before, 10), UNFILLED);
  await fill();
  t.equal(await feed.after(before, 10), undefined);
  t.not(epochOf(await feed.head()), epochOf(before));
});

await t.test("replicas that fill at once agree on one epoch", async (t) => {
  const server = await privateRedis(t);
  if (server === undefined) return;
  const replicas = await Promise.all(Array.from({ length: 4 }, () => replica(t, server)));
  for (let round = 0; round < 10; round++) {
    await server.flush();
    const heads = await Promise.all(replicas.map(async ({ cache, fill, feed }) => {
      if (await cache.isComplete() || await fill()) return feed.head();
      throw new Error("it was not filled");
    }));
    t.strictSame(new Set(heads.map(epochOf)).size, 1);
  }
});

await t.test("a fill that ends after another's keeps its epoch and what was published since", async (t) => {
  const setting = await filled(t);
  if (setting === undefined) return;
  const { feed, cache, server } = setting;
  const late = await replica(t, server);
  const start = await feed.head();
  const expected: unknown[] = [];
  await late.cache.fill(async () => { expected.push(await announce(cache, 1)); });
  t.strictSame(withoutIds(await feed.after(start, 10)), expected);
});

await t.test("what was trimmed off can't be gone on from; what stands there can", async (t) => {
  const setting = await filled(t);
  if (setting === undefined) return;
  const { feed, cache, server } = setting;
  const start = await feed.head();
  for (let i = 0; i < 5; i++) await announce(cache, i);
  const places = (await feed.after(start, 10) ?? []).map(({ id }) => id);
  await server.cli("XTRIM", "authflow:installation:feed", "MAXLEN", "2");
  for (const place of [start, ...places.slice(0, 3)]) t.equal(await feed.after(place, 10), undefined);
  t.strictSame((await feed.after(places[3] as string, 10))?.map(({ id }) => id), places.slice(4));
  t.strictSame(await feed.after(places[4] as string, 10), []);
});

await t.test("where the feed alone was lost Redis is filled again, with another epoch", async (t) => {
  const setting = await filled(t);
  if (setting === undefined) return;
  const { feed, cache, fill, server } = setting;
  await announce(cache, 1);
  for (const key of ["authflow:installation:feed", "authflow:installation:feed:epoch"]) {
    const before = await feed.head();
    await server.cli("DEL", key);
    await t.rejects(feed.head(), UNFILLED);
    t.equal(await cache.isComplete(), false);
    t.equal(await fill(), true);
    t.equal(await feed.after(before, 10), undefined);
    t.not(epochOf(await feed.head()), epochOf(before));
  }
});

await t.test("a prefix stands before every key, and an event ends the wait for it", async (t) => {
  const server = await privateRedis(t);
  if (server === undefined) return;
  const { feed, cache, fill } = await replica(t, server, "mine:");
  await fill();
  const start = await feed.head();
  const { signal } = new AbortController();
  const waiting = (async () => {
    while ((await feed.after(start, 1))?.length === 0) await feed.waitForEvents(start, signal);
  })();
  const event = await announce(cache, 1);
  await waiting;
  t.strictSame(withoutIds(await feed.after(start, 10)), [event]);
  await feed.waitForEvents(start, signal); // at once: there is something
  const keys = await server.cli("KEYS", "*") as string[];
  t.ok(keys.length > 3);
  t.strictSame(keys.filter((key) => !key.startsWith("mine:")), []);
});

await t.test("waiting for events ends when nobody wants them any more, and never rejects", async (t) => {
  const setting = await filled(t);
  if (setting === undefined) return;
  const { feed, server } = setting;
  const head = await feed.head();
  const stopped = new AbortController();
  const waited = feed.waitForEvents(head, stopped.signal);
  stopped.abort();
  await t.resolves(waited);
  await server.kill();
  await t.resolves(feed.waitForEvents(head, new AbortController().signal));
});
