import t, { type Test } from "../../support/tap.js";
import type { Entry } from "../../../src/revocation/entry.js";
import { BEGINNING, isSamePlace, type LogEntry, type RevocationLog } from "../../../src/revocation/log.js";
import { LogFollower } from "../../../src/revocation/log-follower.js";
import { aCutoff, anEntry } from "../../contracts/samples.js";
import { intercepted, logOnSqlite } from "./log-on-sqlite.js";

const LIVE = { expiresAt: Date.now() + 3_600_000 };
const some = (count: number): Entry[] =>
  Array.from({ length: count }, (_, i) => (i % 3 === 0 ? aCutoff(LIVE) : anEntry(LIVE)));

/** A follower, and what its listeners and its log's readers may know of it. */
function following(log: RevocationLog) {
  const recovered: number[] = [];
  const events: string[] = [];
  const follower = new LogFollower({ log, recovered: (entries) => { recovered.push(entries); } });
  /** What a subscriber knows that gets everything anew whenever the log was replaced. */
  let known = new Set<string>();
  follower.listen({
    applied: (entries) => {
      for (const { value } of entries) known.add(value);
      events.push(`applied ${entries.length}`);
    },
    replaced: () => {
      known = new Set([...follower.index.entries()].map(({ value }) => value));
      events.push("replaced");
    },
  });
  const knows = (entry: Entry): boolean => follower.index.revokes([entry], entry.issuedBefore - 1);
  return { follower, recovered, events, knows, known: () => [...known].sort() };
}

const all = async (log: RevocationLog): Promise<LogEntry[]> => (await log.read(0, 100_000)).entries;
const valuesOf = (entries: Entry[]): string[] => entries.map(({ value }) => value).sort();

async function fixture(t: Test) {
  const setting = await logOnSqlite(t);
  return { ...setting, ...following(setting.log) };
}

await t.test("an empty log is read, and has a place", async (t) => {
  const { follower, events } = await fixture(t);
  t.equal(follower.isFilled, false);
  t.strictSame(follower.place, BEGINNING);
  await follower.current();
  t.equal(follower.isFilled, true);
  t.strictSame(follower.place, BEGINNING);
  t.strictSame(events, []);
});

await t.test("current resolves when everything is applied that the log held at the call", async (t) => {
  const { follower, log, other, knows, known } = await fixture(t);
  for (let i = 0; i < 20; i++) {
    const entries = some(3);
    await (i % 2 === 0 ? log : other).append(entries);
    await follower.current();
    t.strictSame(entries.filter((entry) => !knows(entry)), []);
  }
  t.equal(follower.place.position, 60);
  t.equal(follower.place.tag, (await all(log)).at(-1)?.tag);
  t.strictSame(known(), valuesOf(await all(log)));
});

await t.test("many that wait share a read, and each has what was there when it called", async (t) => {
  const { log, other } = await logOnSqlite(t);
  let reads = 0;
  const { follower, knows, events } = following(intercepted(log, { before: () => { reads++; } }));
  const writers = Array.from({ length: 10 }, async (_, lane) => {
    for (let i = 0; i < 10; i++) {
      const [entry] = some(1) as [Entry];
      await (lane % 2 === 0 ? log : other).append([entry]);
      await follower.current();
      if (!knows(entry)) throw new Error("the barrier let an entry pass");
    }
  });
  await t.resolves(Promise.all(writers));
  t.ok(reads < 100, `${reads} reads for 100 calls`);
  const applied = events.map((event) => Number(/^applied (\d+)$/.exec(event)?.[1]));
  t.equal(applied.reduce((sum, count) => sum + count), 100, "nothing is applied twice");
});

await t.test("a long log is read page by page; what is appended meanwhile is not missed", async (t) => {
  for (const count of [1999, 2000, 2001, 4000]) {
    const { log, other } = await logOnSqlite(t);
    const [old, late] = [some(count), some(1)];
    await log.append(old);
    let reads = 0;
    const { follower, knows, known } = following(intercepted(log, {
      before: async () => { if (reads++ === 1) await other.append(late); },
    }));
    await follower.current();
    await follower.current();
    t.equal([...follower.index.entries()].length, count + 1);
    t.strictSame([...old, ...late].filter((entry) => !knows(entry)), []);
    t.equal(known().length, count + 1);
  }
});

await t.test("an error is the caller's; what was read before it is kept, and the next call goes on", async (t) => {
  const { log } = await logOnSqlite(t);
  await log.append(some(4500));
  let reads = 0;
  const { follower, known } = following(intercepted(log, {
    before: () => { if (++reads === 2) throw new Error("no answer"); },
  }));
  await t.rejects(follower.current(), { message: "no answer" });
  t.equal(follower.isFilled, false);
  t.equal(follower.place.position, 2000);
  await follower.current();
  t.equal(follower.isFilled, true);
  t.equal(known().length, 4500);
});

await t.test("what expired is swept from memory, and the place stays", async (t) => {
  const { follower, log, knows } = await fixture(t);
  const [soon, later] = [anEntry({ expiresAt: LIVE.expiresAt }), anEntry({ expiresAt: LIVE.expiresAt + 10_000 })];
  await log.append([later, soon]);
  await follower.current();
  const { place } = follower;
  follower.sweep(LIVE.expiresAt + 1000);
  t.strictSame([knows(soon), knows(later)], [false, true]);
  t.strictSame(follower.place, place);
});

await t.test("entries that the log lost are appended again by the replica that knew them", async (t) => {
  const { follower, log, restore, known, recovered, events } = await fixture(t);
  const [kept, lost, expired] = [some(5), some(7), anEntry({ expiresAt: await log.horizon() })];
  await log.append(kept);
  await log.append([...lost, expired]);
  await follower.current();
  const before = follower.place;
  await restore(5);
  await follower.current();
  t.strictSame(valuesOf(await all(log)), valuesOf([...kept, ...lost]), "without what has expired");
  t.ok((await all(log)).slice(5).every(({ position }) => position > before.position), "at places that nobody knew");
  t.strictSame(recovered, [7]);
  t.equal(events.at(-1), "applied 7");
  t.strictSame(known(), valuesOf([...kept, ...lost, expired]));
  t.ok(isSamePlace(follower.place, (await all(log)).at(-1) as LogEntry));
  t.equal(follower.recent.since(before), undefined, "an outlet that was there is not at a place of this log");
  await follower.current();
  t.strictSame(recovered, [7], "once");
});

await t.test("an entry keeps its status list when it comes back", async (t) => {
  const { follower, log, restore } = await fixture(t);
  const entry = anEntry({ ...LIVE, status: { listId: "a-list", index: 7 } });
  await log.append([anEntry(LIVE), entry]);
  await follower.current();
  await restore(1);
  await follower.current();
  t.match((await log.read(2, 10)).entries, [entry]);
});

await t.test("a log that uses positions again is noticed, and its new entries are read", async (t) => {
  const { follower, log, other, restore, knows, known } = await fixture(t);
  const [kept, lost] = [some(3), some(3)];
  await log.append([...kept, ...lost]);
  await follower.current();
  await restore(3);
  const fresh = some(6); // more than were lost: the log is longer than it was
  await other.append(fresh);
  await follower.current();
  t.strictSame([...kept, ...lost, ...fresh].filter((entry) => !knows(entry)), []);
  t.strictSame(known(), valuesOf([...kept, ...lost, ...fresh]));
  t.strictSame(valuesOf(await all(log)), known());
});

await t.test("what is in the log several times comes back once", async (t) => {
  for (const kept of [0, 1]) {
    const { follower, log, restore } = await fixture(t);
    const [first, ...others] = some(4) as [Entry, ...Entry[]];
    await log.append([first, ...others, ...others, ...others]);
    await follower.current();
    await restore(kept);
    await follower.current();
    t.strictSame(valuesOf(await all(log)), valuesOf([first, ...others]));
  }
});

await t.test("a cut-off that the log has, but shorter than the replica knew it, comes back", async (t) => {
  const { follower, log, restore } = await fixture(t);
  const early = aCutoff(LIVE);
  const late = { ...early, issuedBefore: early.issuedBefore + 5 };
  await log.append([early]);
  await log.append([late]);
  await follower.current();
  await restore(1);
  await follower.current();
  t.equal(Math.max(...(await log.find([early])).map(({ issuedBefore }) => issuedBefore)), late.issuedBefore);
});

await t.test("an empty database gets everything back, also what is not recent", async (t) => {
  const { follower, log, restore, known } = await fixture(t);
  const entries = some(4100);
  await log.append(entries);
  await follower.current();
  await restore(0);
  await follower.current();
  t.strictSame(valuesOf(await all(log)), valuesOf(entries));
  t.strictSame(known(), valuesOf(entries));
});

await t.test("a listener hears that the log lost entries, whether it is read anew from its beginning or from its end",
  async (t) => {
    for (const kept of [0, 3]) {
      const { follower, log, restore } = await fixture(t);
      let losses = 0;
      follower.listen({ lost: () => { losses++; } });
      await log.append(some(3));
      await log.append(some(3));
      await follower.current();
      t.equal(losses, 0);
      await restore(kept);
      await follower.current();
      t.equal(losses, 1, `${kept} of 6 entries left`);
      await log.append(some(1));
      await follower.current();
      t.equal(losses, 1, "once");
    }
  });

await t.test("of several replicas each gives back what it knows, and all end with the same", async (t) => {
  const { log, other, restore } = await logOnSqlite(t);
  const replicas = [following(log), following(other), following(log)];
  const entries = some(30);
  for (const [i, { follower }] of replicas.entries()) {
    await log.append(entries.slice(i * 10, i * 10 + 10));
    await follower.current();
  }
  await restore(3);
  await Promise.all(replicas.map(({ follower }) => follower.current()));
  await Promise.all(replicas.map(({ follower }) => follower.current()));
  for (const { known } of replicas) t.strictSame(known(), valuesOf(entries));
  t.strictSame([...new Set(valuesOf(await all(log)))], valuesOf(entries));
});

await t.test("a recovery that fails at any step is repeated, and loses nothing", async (t) => {
  for (let step = 1, failed = true; failed; step++) {
    failed = false;
    const { log, other, restore } = await logOnSqlite(t);
    const [kept, lost, fresh] = [some(3), some(3), some(3)];
    await log.append([...kept, ...lost]);
    let calls = -Infinity;
    const { follower, known, recovered } = following(intercepted(log, {
      before: () => {
        if (++calls !== step) return;
        failed = true;
        throw new Error("no answer");
      },
    }));
    await follower.current();
    await restore(3);
    await other.append(fresh);
    calls = 0;
    await follower.current().catch(() => undefined);
    calls = -Infinity;
    await follower.current();
    t.strictSame(known(), valuesOf([...kept, ...lost, ...fresh]), `step ${step}`);
    t.strictSame([...new Set(valuesOf(await all(log)))], known());
    t.strictSame([...follower.index.entries()].length, 9);
    t.equal(recovered.reduce((sum, count) => sum + count, 0), 3, `step ${step}`);
  }
});
