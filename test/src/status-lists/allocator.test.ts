import { mkdirSync, rmSync } from "node:fs";
import t from "../../support/tap.js";
import { StatusAllocator } from "../../../src/status-lists/allocator.js";
import { readIndex, RECORD_BYTES } from "../../../src/status-lists/record.js";
import { LIST_SIZE } from "../../../src/status-lists/status-list.js";
import { migrate, openDatabase } from "../../../src/stores/prisma/database.js";
import type { AccessTokenClaims } from "../../../src/tokens/claims.js";
import { manualClock, someClaims } from "../../support/app.js";
import { migratedSqlite, type Suite } from "../../support/services.js";

const PUBLIC_URL = "https://auth.example";

async function fixture(t: Suite) {
  const url = await migratedSqlite(t);
  const database = await openDatabase(url);
  t.teardown(() => database.close());
  const { clock, advance } = manualClock();
  const store = database.statusLists;
  const allocator = new StatusAllocator({ store, clock, publicUrl: PUBLIC_URL, ttlMax: 3600 });
  const take = async () => {
    const { status_list: { idx, uri } } = await allocator.take();
    return { index: idx,
      listId: uri.slice(`${PUBLIC_URL}/status-lists/`.length), status: { status_list: { idx, uri } } };
  };
  const record = async () => {
    const taken = await take();
    allocator.record(someClaims({ status: taken.status }) as AccessTokenClaims, "k");
    return taken;
  };
  const recorded = async (listId: string): Promise<number[]> => {
    const { statusLists, close } = await openDatabase(url); // the first one may be gone
    const batches = await statusLists.batches(listId, -1, 100);
    await close();
    return batches.flatMap(({ records }) => Array.from({ length: records.length / RECORD_BYTES },
      (_, i) => readIndex(Buffer.from(records), i * RECORD_BYTES)));
  };
  /** Takes the database away; returns how to bring it back. */
  const cutOff = async () => {
    await database.close();
    const path = url.slice("file:".length);
    for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
    mkdirSync(path);
    return async () => {
      rmSync(path, { recursive: true });
      await migrate(url);
    };
  };
  return { store, clock, advance, allocator, take, record, recorded, cutOff };
}

await t.test("no index is given twice, through the ends of lists, and each list is used to its end", async (t) => {
  const { allocator, take, store, advance } = await fixture(t);
  const lists = new Map<string, Set<number>>();
  const COUNT = 2 * LIST_SIZE + 1000;
  for (let i = 0; i < COUNT; i++) {
    const { listId, index } = await take();
    const known = lists.get(listId) ?? new Set<number>();
    lists.set(listId, known.add(index));
    if (i === LIST_SIZE - 1000) await allocator.flush(); // as the loop does: the next list is there before it is needed
  }
  t.strictSame([...lists.values()].map(({ size }) => size), [LIST_SIZE, LIST_SIZE, 1000]);
  t.ok([...lists.values()].every((known) => [...known].every((index) => index >= 0 && index < LIST_SIZE)));
  const [first, , third] = [...lists.keys()] as [string, string, string];
  await allocator.flush();
  t.match(await store.find(first), { closed: false, size: LIST_SIZE }, "the last of its tokens may not be signed yet");
  advance(61);
  await allocator.flush();
  t.match(await store.find(first), { closed: true });
  t.match(await store.find(third), { closed: false });
});

await t.test("indexes come at random", async (t) => {
  const { take } = await fixture(t);
  const taken: number[] = [];
  for (let i = 0; i < 2000; i++) taken.push((await take()).index);
  const rises = taken.filter((index, i) => i > 0 && index > (taken[i - 1] as number)).length;
  const near = taken.filter((index, i) => i > 0 && Math.abs(index - (taken[i - 1] as number)) < 100).length;
  const low = taken.filter((index) => index < LIST_SIZE / 2).length;
  // Each of the bounds fails by chance in less than one of a million runs.
  t.ok(rises > 880 && rises < 1120, `${rises} of 1999 rise`);
  t.ok(near < 25, `${near} of 1999 are near the one before`);
  t.ok(low > 880 && low < 1120, `${low} of 2000 lie in the lower half`);
});

await t.test("callers at once share the first list", async (t) => {
  const { take } = await fixture(t);
  const taken = await Promise.all(Array.from({ length: 100 }, take));
  t.equal(new Set(taken.map(({ listId }) => listId)).size, 1);
  t.equal(new Set(taken.map(({ index }) => index)).size, 100);
});

await t.test("what was recorded is written down once, in batches, and closing leaves nothing open", async (t) => {
  const { allocator, record, take, recorded, store } = await fixture(t);
  const [a, b] = [await record(), await record()];
  t.strictSame(await recorded(a.listId), []);
  await Promise.all([allocator.flush(), allocator.flush()]);
  t.strictSame(await recorded(a.listId), [a.index, b.index]);
  await allocator.flush();
  const c = await record();
  await take();
  await allocator.close();
  t.strictSame(await recorded(a.listId), [a.index, b.index, c.index], "one that was never signed is not recorded");
  t.match((await store.batches(a.listId, -1, 10)).map(({ sequence }) => sequence), [0, 1]);
  t.match(await store.find(a.listId), { closed: true });
  t.throws(() => { allocator.record(someClaims({ status: c.status }) as AccessTokenClaims, "k"); },
    { message: /closed meanwhile/ });
});

await t.test("a token without a status, or with another deployment's, is not recorded", async (t) => {
  const { allocator, take, recorded } = await fixture(t);
  const { listId } = await take();
  allocator.record(someClaims() as AccessTokenClaims, "k");
  const uri = `https://other.example/status-lists/${listId}`;
  allocator.record(someClaims({ status: { status_list: { idx: 1, uri } } }) as AccessTokenClaims, "k");
  await allocator.flush();
  t.strictSame(await recorded(listId), []);
});

await t.test("without the database it gives indexes for a few seconds only, and forgets nothing", async (t) => {
  const { allocator, record, advance, cutOff, clock, store, recorded } = await fixture(t);
  const before = await record();
  const bringBack = await cutOff();
  const during = await record();
  advance(5);
  await t.rejects(allocator.flush(), { code: "temporarily_unavailable" });
  const last = await record();
  advance(4);
  await t.rejects(record(), { code: "temporarily_unavailable" });
  await bringBack();
  // The rows went with the database; what this process knows did not.
  await store.reserve({ id: before.listId, size: LIST_SIZE, expiresAt: clock() });
  const after = await record();
  t.equal(after.listId, before.listId);
  await allocator.flush();
  await allocator.flush();
  t.strictSame((await recorded(before.listId)).sort(), [before, during, last, after].map(({ index }) => index).sort());
});

await t.test("an abandoned list is left without its owner, and gets the last records", async (t) => {
  const { allocator, record, take, recorded, advance, clock, store } = await fixture(t);
  const [taken, first] = [await take(), await record()];
  allocator.abandon();
  const { listId: other } = await record();
  t.not(other, first.listId);
  allocator.record(someClaims({ status: taken.status }) as AccessTokenClaims, "k"); // was being signed meanwhile
  await allocator.flush();
  t.strictSame(await recorded(first.listId), [first.index, taken.index]);
  for (let i = 0; i < 4; i++) { // an owner that lives lets no list expire
    advance(1000);
    await allocator.flush();
  }
  await store.sweep(clock(), 10);
  t.equal(await store.find(first.listId), null, "it was not touched any more");
  t.match(await store.find(other), { closed: false });
  await allocator.close();
});

await t.test("an abandoned list stays open when the process ends", async (t) => {
  const { allocator, record, recorded, store } = await fixture(t);
  const { listId, index } = await record();
  allocator.abandon();
  const { listId: other } = await record();
  await allocator.close();
  t.match(await store.find(listId), { closed: false });
  t.strictSame(await recorded(listId), [index]);
  t.match(await store.find(other), { closed: true });
});

await t.test("a list that is gone, as after a sleep of days, is not used any more", async (t) => {
  const { allocator, take, advance, clock, store } = await fixture(t);
  const { listId } = await take();
  advance(86_400);
  await store.sweep(clock(), 10);
  t.equal(await store.find(listId), null);
  const next = await take();
  t.not(next.listId, listId);
  t.match(await store.find(next.listId), { closed: false });
  await allocator.flush();
});

await t.test("an owner says that it lives, and keeps its list from being swept", async (t) => {
  const { allocator, take, advance, clock, store } = await fixture(t);
  const { listId } = await take();
  for (let hour = 0; hour < 5; hour++) {
    advance(3000);
    await allocator.flush();
    await store.sweep(clock(), 10);
  }
  t.match(await store.find(listId), { closed: false });
  t.equal((await take()).listId, listId);
});
