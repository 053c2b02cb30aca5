import { setImmediate as nextTurn } from "node:timers/promises";
import t from "../support/tap.js";
import type { Cutoff } from "../../src/revocation/cutoff.js";
import { type FeedEvent, eventOfCutoff, eventOfToken } from "../../src/revocation/feed/event.js";
import type { Database } from "../../src/stores/prisma/database.js";
import { onEveryDialect, run } from "./dialects.js";
import { aRevocation, NOW, nextId } from "./samples.js";

const aCutoff = (changes: Partial<Cutoff> = {}): Cutoff =>
  ({ scope: "sub", value: nextId(), issuedBefore: NOW, expiresAt: NOW + 60_000, ...changes });
const FORM = /^journal\.\d{15}$/;

/** The feed as a backup held it when `position` was its newest place. */
async function setBack(url: string, position: number): Promise<void> {
  await run(url, `DELETE FROM revocation_feed WHERE position > ${position}`);
  await run(url, `UPDATE installation SET feed_position = ${position}`);
}

await onEveryDialect(t, async (t, { url, open }) => {
  const [one, two] = [await open(), await open()];
  const { feed } = one;

  /** Records a token or a cut-off where there is no Redis; returns its event. */
  const recordAlone = async ({ revocations, cutoffs }: Database, i: number) => {
    if (i % 3 === 0) {
      const cutoff = aCutoff();
      await cutoffs.record(cutoff, true);
      return eventOfCutoff(cutoff);
    }
    const revocation = aRevocation();
    await revocations.record(revocation, true);
    return eventOfToken(revocation);
  };
  const withoutIds = (events: FeedEvent[] | undefined) => events?.map(({ name, data }) => ({ name, data }));
  const placeOf = (id: string): number => Number(id.slice("journal.".length, "journal.".length + 15));
  const countedFrom = (start: string, count: number): number[] =>
    Array.from({ length: count }, (_, i) => placeOf(start) + i + 1);

  await t.test("it begins empty, at a place of its own", async (t) => {
    t.match(await feed.head(), FORM);
    t.strictSame(await feed.after(await feed.head(), 10), []);
  });

  await t.test("who reads while two instances write meets no gap and nothing out of order", async (t) => {
    const reader = await open();
    const start = await reader.feed.head();
    const seen: FeedEvent[] = [];
    let forgotten = 0;
    const read = async () => {
      const events = await reader.feed.after(seen.at(-1)?.id ?? start, 1000);
      if (events === undefined) forgotten++;
      else seen.push(...events);
    };
    let writing = true;
    const writers = Promise.all(Array.from({ length: 16 }, async (_, lane) => {
      const written = [];
      for (let n = 0; n < 20; n++) written.push(await recordAlone(lane % 2 === 0 ? one : two, n));
      return written;
    })).finally(() => { writing = false; });
    while (writing) {
      await read();
      await nextTurn(); // SQLite answers without I/O: unyielding, this loop would let nobody else in
    }
    const written = (await writers).flat();
    await read();
    t.equal(forgotten, 0, "what comes during a read is not taken for a loss");
    t.strictSame(seen.map(({ id }) => placeOf(id)), countedFrom(start, 320));
    t.equal(new Set(seen.map(({ id }) => id.slice(-8))).size, 320, "each has a tag of its own");
    const texts = (events: { name: string; data: string }[]) =>
      events.map(({ name, data }) => `${name} ${data}`).sort();
    t.strictSame(texts(seen), texts(written));
    t.equal(await two.feed.head(), seen.at(-1)?.id);
  });

  await t.test("what Redis will send is not sent here", async (t) => {
    const start = await feed.head();
    await one.revocations.record(aRevocation(), false);
    await one.cutoffs.record(aCutoff(), false);
    t.equal(await feed.head(), start);
    t.strictSame(await feed.after(start, 10), []);
  });

  await t.test("it goes on from any place, for a later instance too, a page at a time", async (t) => {
    const start = await feed.head();
    const written = [];
    for (let i = 0; i < 7; i++) written.push(await recordAlone(i % 2 === 0 ? one : two, i));
    const later = (await open()).feed;
    const places = [start, ...(await later.after(start, 10) ?? []).map(({ id }) => id)];
    t.strictSame(places.map(placeOf), [placeOf(start), ...countedFrom(start, 7)]);
    for (const [i, place] of places.entries()) {
      t.strictSame(withoutIds(await later.after(place, 3)), written.slice(i, i + 3));
      t.strictSame((await later.after(place, 10))?.map(({ id }) => id), places.slice(i + 1));
    }
  });

  await t.test("what it refuses to store it does not send", async (t) => {
    const start = await feed.head();
    await t.rejects(one.revocations.record(aRevocation({ jti: "nul\0" }), true), TypeError);
    await t.rejects(one.cutoffs.record(aCutoff({ value: "nul\0" }), true), TypeError);
    t.equal(await feed.head(), start);
    const next = aRevocation();
    await one.revocations.record(next, true);
    t.strictSame(withoutIds(await feed.after(start, 10)), [eventOfToken(next)], "and leaves no gap");
  });

  await t.test("a place that it never gave is invalid", async (t) => {
    const head = await feed.head();
    const future = `journal.${String(placeOf(head) + 1).padStart(15, "0")}`;
    for (const place of ["", "0", "journal", "journal.", "journal.1", `${head}0`, ` ${head}`,
      head.replace("journal", "JOURNAL"),
      "journal.00000000000000x", "journal.-00000000000001", "\0",
      "d7a5f3b2-0000-4000-8000-000000000000.1764000000000-000000",
      future, `${future}-00000000`, "journal.999999999999999", head.slice(0, -9), `${head.slice(0, -8)}00000000`,
      head.slice(0, -1), `${head.slice(0, -8)}${head.slice(-8).toUpperCase()}!`]) {
      t.equal(await feed.after(place, 10), undefined, JSON.stringify(place));
    }
  });

  await t.test("sweep forgets all but the latest, and says so", async (t) => {
    const start = await feed.head();
    for (let i = 0; i < 5; i++) await recordAlone(one, i);
    const places = (await feed.after(start, 10) ?? []).map(({ id }) => id) as [string, string, string, string, string];
    t.ok(await feed.sweep(2) > 0);
    t.equal(await feed.sweep(2), 0);
    for (const place of [start, ...places.slice(0, 2)]) t.equal(await feed.after(place, 10), undefined);
    t.strictSame((await feed.after(places[2], 10))?.map(({ id }) => id), places.slice(3));
    t.strictSame(await feed.after(places[4], 10), []);
    await feed.sweep(0);
    t.equal(await feed.after(places[3], 10), undefined);
    t.strictSame(await feed.after(places[4], 10), [], "who has it all misses nothing");
  });

  await t.test("abandoned places can't be gone on from, however much comes after", async (t) => {
    await recordAlone(one, 1);
    const before = await feed.head();
    await two.feed.abandon();
    const fresh = await feed.head();
    t.ok(fresh > before);
    t.equal(await feed.after(before, 10), undefined);
    t.strictSame(await feed.after(fresh, 10), []);
    const event = await recordAlone(one, 1);
    t.equal(await feed.after(before, 10), undefined);
    t.strictSame(withoutIds(await feed.after(fresh, 10)), [event]);
  });

  await t.test("after a restore from a backup, later places are invalid, and earlier ones still valid", async (t) => {
    await recordAlone(one, 1);
    const kept = await feed.head();
    for (let i = 0; i < 3; i++) await recordAlone(one, i);
    const lost = (await feed.after(kept, 10) ?? []).map(({ id }) => id);
    await setBack(url, placeOf(kept));
    t.strictSame(await feed.after(kept, 10), []);
    for (const place of lost) t.equal(await feed.after(place, 10), undefined, "beyond the newest");
    const events = [];
    for (let i = 0; i < 3; i++) events.push(await recordAlone(two, i + 1));
    t.strictSame(withoutIds(await feed.after(kept, 10)), events);
    t.strictSame((await feed.after(kept, 10))?.map(({ id }) => placeOf(id)), lost.map(placeOf));
    for (const place of lost) t.equal(await feed.after(place, 10), undefined, "another event stands there now");
  });

  await t.test("waiting for events ends when nobody wants them any more", async (t) => {
    const waiting = new AbortController();
    const waited = feed.waitForEvents(await feed.head(), waiting.signal);
    waiting.abort();
    await t.resolves(waited);
  });
});
