import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { Redis } from "ioredis";
import t, { type Test } from "../../../support/tap.js";
import { type Entry, FOREVER, type Name, sessionOfClient, subjectOfClient } from "../../../../src/revocation/entry.js";
import { BEGINNING, type Place } from "../../../../src/revocation/log.js";
import type { OutletContents } from "../../../../src/revocation/outlet.js";
import { RedisRevocationOutlet } from "../../../../src/stores/redis/revocation-outlet.js";
import { until } from "../../../e2e/support.js";
import { isReady, type PrivateRedis, privateRedis } from "../../../support/private-redis.js";

const NOW = Date.now();
/** Longer than the tests may take: keys expire by Redis's own clock. */
const LIFE = 3_600_000;
/** When it is over, in the whole seconds that Redis gets. */
const END = Math.ceil((NOW + LIFE) / 1000);
const token = (changes: Partial<Entry> = {}): Entry =>
  ({ scope: "jti", value: randomUUID(), issuedBefore: FOREVER, expiresAt: NOW + LIFE, ...changes });
const cutoff = (changes: Partial<Entry> = {}): Entry => token({ scope: "sub", issuedBefore: NOW, ...changes });
const place = (position: number): Place => ({ position, tag: position.toString(16).padStart(8, "0") });
const KEY = "authflow:installation:issued_before";
const full = (entries: Iterable<Entry>, position: number) =>
  (): Promise<OutletContents> => Promise.resolve({ entries, place: place(position) });
const isRevoked = (outlet: RedisRevocationOutlet, jti: string) =>
  outlet.isRevoked([{ scope: "jti", value: jti }], NOW);

/** What one replica has of a Redis. */
async function outletOn(t: Test, { url }: PrivateRedis, { installation = "installation", keyPrefix = "" } = {}) {
  const redis = new Redis(url, { keyPrefix, retryStrategy: () => 50, maxRetriesPerRequest: 0 });
  redis.on("error", () => undefined);
  t.teardown(() => { redis.disconnect(); });
  await isReady(redis);
  return { redis, outlet: new RedisRevocationOutlet(redis, installation) };
}

async function fixture(t: Test, options?: Parameters<typeof outletOn>[2]) {
  const server = await privateRedis(t);
  return server && { server, ...await outletOn(t, server, options) };
}

/** Everything that the outlet holds, by name. */
async function contents(outlet: RedisRevocationOutlet): Promise<Map<string, Entry>> {
  const found = new Map<string, Entry>();
  for await (const page of outlet.entries())
    for (const entry of page) found.set(`${entry.scope}:${entry.value}`, entry);
  return found;
}

await t.test("a Redis that hangs is waited for once, and used again when it answers", async (t) => {
  const server = await privateRedis(t);
  if (server === undefined) return;
  const redis = new Redis(server.url, { commandTimeout: 200, maxRetriesPerRequest: 0 });
  t.teardown(() => { redis.disconnect(); });
  await isReady(redis);
  const outlet = new RedisRevocationOutlet(redis, "installation");
  const entry = token();
  server.pause();
  await t.rejects(outlet.put([entry]), { message: "Command timed out" });
  await t.rejects(outlet.put([entry]), { name: "Silent" });
  await t.rejects(outlet.state(), { name: "Silent" });
  server.resume();
  await until("it is used again", () => outlet.put([entry]).then(() => true, () => false));
  t.equal(await isRevoked(outlet, entry.value), true);
});

await t.test("a revoked token stands under its jti for the rest of its life", async (t) => {
  const setting = await fixture(t);
  if (setting === undefined) return;
  const { redis, outlet } = setting;
  const [one, expired] = [token(), token({ expiresAt: NOW - 1000 })];
  t.equal(await isRevoked(outlet, one.value), undefined, "it may lack entries");
  await outlet.fill(full([], 1));
  t.equal(await isRevoked(outlet, one.value), false);
  await outlet.put([one, expired]);
  t.equal(await redis.get(`revoked:${one.value}`), "1");
  t.equal(await redis.expiretime(`revoked:${one.value}`), END);
  t.equal(await isRevoked(outlet, one.value), true);
  t.equal(await isRevoked(outlet, expired.value), false, "what no token can need is not stored");
  await redis.set("revoked:by-another-service", "yes", "EX", 60);
  t.equal(await isRevoked(outlet, "by-another-service"), true, "whoever wrote it");
});

await t.test("a cut-off stands under its installation, scope and value; the later instants stay", async (t) => {
  const setting = await fixture(t);
  if (setting === undefined) return;
  const { redis, outlet } = setting;
  const one = cutoff({ scope: "kid", value: "k:1" });
  await outlet.put([{ ...one, expiresAt: NOW - 1000 }]);
  t.equal(await redis.exists(`${KEY}:kid:k:1`), 0, "what no token can need is not stored");
  await outlet.put([one]);
  t.equal(await redis.get(`${KEY}:kid:k:1`), String(NOW), "epoch milliseconds");
  t.equal(await redis.expiretime(`${KEY}:kid:k:1`), END);
  await outlet.put([{ ...one, issuedBefore: NOW + 5, expiresAt: NOW + LIFE / 2 }, { ...one, issuedBefore: NOW + 4 }]);
  t.equal(await redis.get(`${KEY}:kid:k:1`), String(NOW + 5));
  t.equal(await redis.expiretime(`${KEY}:kid:k:1`), END);
  await outlet.put([{ ...one, issuedBefore: FOREVER, expiresAt: FOREVER }]);
  t.equal(await redis.get(`${KEY}:kid:k:1`), String(FOREVER));
  t.equal(await redis.expiretime(`${KEY}:kid:k:1`), Math.ceil(FOREVER / 1000));
});

await t.test("a token is revoked by its id, or by a cut-off of its own scope that covers it", async (t) => {
  const setting = await fixture(t);
  if (setting === undefined) return;
  const { outlet } = setting;
  const [one, alice, key] = [token(), cutoff({ value: "alice" }), cutoff({ scope: "kid", issuedBefore: FOREVER })];
  await outlet.put([one, alice, key]);
  t.equal(await outlet.isRevoked([one], FOREVER), true, "also without a place: what it has is right");
  t.equal(await outlet.isRevoked([token(), alice], NOW), undefined);
  await outlet.fill(full([], 1));
  t.equal(await outlet.isRevoked([one], FOREVER), true);
  t.equal(await outlet.isRevoked([token(), alice], NOW - 1), true);
  t.equal(await outlet.isRevoked([token(), alice], NOW), false);
  t.equal(await outlet.isRevoked([{ scope: "client_id", value: "alice" }, cutoff()], 0), false);
  t.equal(await outlet.isRevoked([key], FOREVER + 1), true);
});

await t.test("a cut-off of a subject or a session, of a client or of all, is read back as it was", async (t) => {
  const setting = await fixture(t);
  if (setting === undefined) return;
  const { redis, outlet } = setting;
  const names = ["alice", "kid:x", "a:b:c", "sub:alice", "zoë|1 *?[x]", "a\nb"].flatMap((value): Name[] =>
    [subjectOfClient(randomUUID(), value), sessionOfClient(randomUUID(), value), { scope: "sid", value }]);
  await outlet.fill(full(names.map((name) => cutoff(name)), 1));
  t.strictSame([...(await contents(outlet)).keys()].sort(),
    names.map(({ scope, value }) => `${scope}:${value}`).sort());
  for (const { scope, value } of names) {
    t.equal(await redis.get(`${KEY}:${scope}:${value}`), String(NOW));
    t.equal(await outlet.isRevoked([token(), { scope, value }], NOW - 1), true);
    t.equal(await outlet.isRevoked([token(), { scope: "sub", value }], NOW - 1), false);
    t.equal(await outlet.isRevoked([token(), { scope: "sid", value: `${value}x` }], NOW - 1), false);
  }
});

await t.test("two installations in one Redis do not revoke each other's subjects", async (t) => {
  const setting = await fixture(t);
  if (setting === undefined) return;
  const { server, outlet } = setting;
  const { outlet: other } = await outletOn(t, server, { installation: "another" });
  const alice = cutoff({ value: "alice" });
  await outlet.put([alice]);
  await other.fill(full([], 1));
  t.equal(await other.isRevoked([alice], 0), false);
  t.equal((await contents(other)).size, 0);
  t.equal((await outlet.state()).place, undefined, "nor do they share a place");
});

await t.test("its state has its clock, and its place once it was filled", async (t) => {
  const setting = await fixture(t);
  if (setting === undefined) return;
  const { outlet } = setting;
  const { now, place: none } = await outlet.state();
  t.equal(none, undefined);
  t.ok(Math.abs(now - Date.now()) < 60_000);
  await outlet.fill(() => Promise.resolve({ entries: [], place: BEGINNING }));
  t.strictSame((await outlet.state()).place, BEGINNING);
  await outlet.fill(full([], 7));
  t.strictSame((await outlet.state()).place, place(7));
  await outlet.invalidate();
  t.equal((await outlet.state()).place, undefined);
});

await t.test("it advances from the place where it is, and from no other", async (t) => {
  const setting = await fixture(t);
  if (setting === undefined) return;
  const { outlet } = setting;
  await outlet.fill(full([], 1));
  const [one, two] = [token(), token()];
  await outlet.advance([one], place(1), place(2));
  t.strictSame((await outlet.state()).place, place(2));
  await outlet.advance([two], place(1), place(3));
  t.strictSame((await outlet.state()).place, place(2), "another replica was faster");
  await outlet.advance([], { ...place(2), tag: "00000000" }, place(4));
  t.strictSame((await outlet.state()).place, place(2), "a place of another log");
  for (const { value } of [one, two]) t.equal(await isRevoked(outlet, value), true);
  await outlet.invalidate();
  await outlet.advance([], place(2), place(3));
  t.equal((await outlet.state()).place, undefined);
});

await t.test("its entries are what was put, with the rest of their lives", async (t) => {
  const setting = await fixture(t, { installation: "inst*[a]?" });
  if (setting === undefined) return;
  const { redis, outlet } = setting;
  const entries = [
    ...Array.from({ length: 2500 }, () => token()), cutoff({ value: "sub|1:2 \n🚲" }), cutoff({ scope: "client_id" }),
    cutoff({ scope: "kid", issuedBefore: FOREVER, expiresAt: FOREVER }),
  ];
  await outlet.fill(full(entries, 1));
  await redis.set("revoked:for-ever", "1");
  await redis.multi().sadd("revoked:of-another-application", "a").expire("revoked:of-another-application", 100).exec();
  const found = await contents(outlet);
  t.equal(found.size, entries.length, "a key without expiry was not written by Authflow");
  const wrong = entries.filter(({ expiresAt, ...entry }) => {
    const { expiresAt: shown = 0, ...same } = found.get(`${entry.scope}:${entry.value}`) ?? {};
    return !isDeepStrictEqual(same, entry) || shown < expiresAt || shown > expiresAt + 3000;
  });
  t.strictSame(wrong, [], "with the same names and instants, no shorter and hardly longer");
});

await t.test("a prefix of the connection stands before every key, and only its keys are read", async (t) => {
  const setting = await fixture(t, { keyPrefix: "mine*:" });
  if (setting === undefined) return;
  const { server, outlet } = setting;
  const { outlet: neighbour } = await outletOn(t, server);
  const [one, alice] = [token(), cutoff()];
  await neighbour.put([token(), cutoff()]);
  const before = new Set(await server.cli("KEYS", "*") as string[]);
  await outlet.put([one, alice]);
  await outlet.fill(full([one, alice], 1));
  await outlet.state();
  const added = (await server.cli("KEYS", "*") as string[]).filter((key) => !before.has(key));
  t.ok(added.length > 3);
  t.strictSame(added.filter((key) => !key.startsWith("mine*:")), []);
  t.strictSame([...(await contents(outlet)).keys()].sort(), [`jti:${one.value}`, `sub:${alice.value}`].sort());
});

await t.test("a flush takes its place, also in the middle of a fill", async (t) => {
  const setting = await fixture(t);
  if (setting === undefined) return;
  const { server, redis, outlet } = setting;
  await outlet.fill(full([token()], 1));
  await server.flush();
  t.equal((await outlet.state()).place, undefined);
  const many = Array.from({ length: 20_000 }, () => token());
  const filling = outlet.fill(full(many, 2));
  await until("it is being filled", async () => await redis.dbsize() > 1000);
  await server.flush();
  await filling;
  t.equal((await outlet.state()).place, undefined, "what was written before the flush is gone");
  await outlet.fill(full(many, 2));
  t.strictSame((await outlet.state()).place, place(2));
  t.equal((await contents(outlet)).size, many.length);
});

await t.test("a restart during a fill leaves it without a place, also one that kept the lease", async (t) => {
  const setting = await fixture(t);
  if (setting === undefined) return;
  const { server, redis, outlet } = setting;
  let step = 0;
  async function restart() {
    await server.cli("SAVE"); // of a moment in which the lease is held
    step++;
    await server.kill();
    await server.start();
  }
  const restarting: { done?: Promise<void> } = {};
  function* entries(): Generator<Entry> {
    for (let i = 0; i < 50_000; i++) {
      if (i === 1500) restarting.done = restart();
      yield token();
    }
  }
  await outlet.fill(full(entries(), 1)).catch(() => undefined);
  await restarting.done;
  await isReady(redis);
  t.equal(step, 1);
  t.equal((await outlet.state()).place, undefined);
});

await t.test("of many that fill it at once, one does; the others leave it alone", async (t) => {
  const setting = await fixture(t);
  if (setting === undefined) return;
  const { server, redis, outlet } = setting;
  const replicas = [outlet, ...(await Promise.all([1, 2, 3].map(() => outletOn(t, server)))).map((one) => one.outlet)];
  for (let round = 1; round <= 5; round++) {
    await server.flush();
    let generated = 0;
    const entries = function* (): Generator<Entry> {
      for (let i = 0; i < 3000; i++) {
        generated++;
        yield token();
      }
    };
    await Promise.all(replicas.map((one) => one.fill(full(entries(), round))));
    t.equal(generated, 3000);
    t.strictSame((await outlet.state()).place, place(round));
    t.equal(await redis.exists("authflow:installation:filling"), 0, "the lease is given back");
  }
});

await t.test("a fill that failed is repeated by the same process at once, by another one not yet", async (t) => {
  const setting = await fixture(t);
  if (setting === undefined) return;
  const { server, outlet } = setting;
  const { outlet: other } = await outletOn(t, server);
  const failing = function* (): Generator<Entry> {
    yield token();
    throw new Error("no more");
  };
  await t.rejects(outlet.fill(full(failing(), 1)), { message: "no more" });
  await other.fill(full([token()], 2));
  t.equal((await outlet.state()).place, undefined, "the other can't know that it failed");
  await outlet.fill(full([token()], 3));
  t.strictSame((await outlet.state()).place, place(3));
});

await t.test("an entry wakes who listens, until that stops", async (t) => {
  const setting = await fixture(t, { keyPrefix: "mine:" });
  if (setting === undefined) return;
  const { server, outlet } = setting;
  const { outlet: other } = await outletOn(t, server, { keyPrefix: "mine:" });
  const { outlet: stranger } = await outletOn(t, server, { keyPrefix: "mine:", installation: "another" });
  const heard = [0, 0, 0];
  const stop = [outlet, other, stranger].map((one, i) =>
    one.listen(() => { heard[i] = (heard[i] as number) + 1; }));
  t.teardown(() => Promise.all(stop.map((one) => one())));
  await until("both are notified", async () => {
    await outlet.put([token()]);
    return (heard[0] as number) > 0 && (heard[1] as number) > 0;
  });
  await stop[1]?.();
  const [before, silent] = heard as [number, number, number];
  await other.put([token()]);
  await until("one is notified again", () => (heard[0] as number) > before);
  t.equal(heard[1], silent);
  t.equal(heard[2], 0, "another installation");
});

await t.test("who listens is notified again after Redis was away", async (t) => {
  const setting = await fixture(t);
  if (setting === undefined) return;
  const { server, redis, outlet } = setting;
  let heard = 0;
  const stop = outlet.listen(() => { heard++; });
  t.teardown(stop);
  await until("it is notified", async () => { await outlet.put([token()]); return heard > 0; });
  await server.kill();
  await server.start();
  await isReady(redis);
  heard = 0;
  await until("it is notified again", async () => { await outlet.put([token()]); return heard > 0; });
});

await t.test("many questions at once are one MGET, each with its answer", async (t) => {
  const setting = await fixture(t);
  if (setting === undefined) return;
  const { server, outlet } = setting;
  const revoked = Array.from({ length: 50 }, () => token());
  await outlet.fill(full(revoked, 1));
  const calls = async (): Promise<number> =>
    Number(/cmdstat_mget:calls=(\d+)/.exec(String(await server.cli("INFO", "commandstats")))?.[1] ?? 0);
  const before = await calls();
  const answers = await Promise.all(revoked.flatMap(({ value }) =>
    [value, `${value}x`, value].map((jti) => isRevoked(outlet, jti))));
  t.strictSame(answers, revoked.flatMap(() => [true, false, true]));
  t.equal(await calls() - before, 1);
});

await t.test("a Redis that hangs or is away gives no answer, soon, and answers again later", async (t) => {
  const setting = await fixture(t);
  if (setting === undefined) return;
  const { server, redis, outlet } = setting;
  const one = token();
  await outlet.fill(full([one], 1));
  server.pause();
  t.strictSame(await Promise.all([isRevoked(outlet, one.value), isRevoked(outlet, "x")]), [undefined, undefined]);
  server.resume();
  await until("it answers again", async () => await isRevoked(outlet, one.value) === true);
  await server.kill();
  await until("the connection is gone", () => redis.status !== "ready");
  t.equal(await isRevoked(outlet, one.value), undefined);
  await t.rejects(outlet.put([one]));
  await t.rejects(outlet.state());
  await server.start();
  await isReady(redis);
  t.equal(await isRevoked(outlet, one.value), undefined, "it has lost its contents");
  await outlet.fill(full([], 2));
  t.equal(await isRevoked(outlet, one.value), false);
});

await t.test("a full server is not called good: it could not take a logout", async (t) => {
  const setting = await fixture(t);
  if (setting === undefined) return;
  const { server, outlet } = setting;
  const one = token();
  await outlet.fill(full([one], 1));
  await server.cli("CONFIG", "SET", "maxmemory", "1");
  await t.rejects(outlet.state(), /OOM/);
  await t.rejects(outlet.put([token()]), /OOM/);
  await t.rejects(outlet.advance([token()], place(1), place(2)), /OOM/);
  t.equal(await isRevoked(outlet, one.value), true, "what it has it still returns");
  await server.cli("CONFIG", "SET", "maxmemory", "0");
  t.strictSame((await outlet.state()).place, place(1));
});

await t.test("a primary that became a replica is no outlet; as a primary again, it has its data's place", async (t) => {
  const [setting, other] = [await fixture(t), await privateRedis(t)];
  if (setting === undefined || other === undefined) return;
  const { server, redis, outlet } = setting;
  await outlet.fill(full([token()], 1));
  for (const one of [server, other]) await one.cli("CONFIG", "SET", "repl-diskless-sync-delay", "0");
  await other.cli("REPLICAOF", "127.0.0.1", new URL(server.url).port);
  await until("it has copied", async () =>
    String(await other.cli("INFO", "replication")).includes("master_link_status:up"));
  await other.cli("REPLICAOF", "NO", "ONE");
  const lost = token();
  await outlet.advance([lost], place(1), place(2)); // acknowledged by the old primary, unknown to the new one
  await server.cli("REPLICAOF", "127.0.0.1", new URL(other.url).port);
  await until("the new primary's data replaced its own", async () => !await redis.exists(`revoked:${lost.value}`));
  await t.rejects(outlet.state(), /READONLY|read-only replica/);
  await t.rejects(outlet.put([token()]), /READONLY|read-only replica/);
  await server.cli("REPLICAOF", "NO", "ONE");
  t.strictSame((await outlet.state()).place, place(1), "so that what it lacks is added from there");
});
