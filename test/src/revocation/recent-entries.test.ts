import t from "../../support/tap.js";
import { BEGINNING, type LogEntry } from "../../../src/revocation/log.js";
import { RecentEntries } from "../../../src/revocation/recent-entries.js";
import { anEntry } from "../../contracts/samples.js";

const tagOf = (position: number): string => position.toString(16).padStart(8, "0");
/** An entry at each position. */
const at = (...positions: number[]): LogEntry[] =>
  positions.map((position) => ({ ...anEntry({ value: `token ${position}` }), position, tag: tagOf(position) }));
const placeAt = (position: number) => ({ position, tag: tagOf(position) });
const from = (first: number, count: number): number[] => Array.from({ length: count }, (_, i) => first + i);
const positionsOf = (entries: LogEntry[] | undefined): number[] | undefined =>
  entries?.map(({ position }) => position);

await t.test("empty, it is at the beginning", async (t) => {
  const recent = new RecentEntries();
  t.strictSame(recent.place, BEGINNING);
  t.strictSame(recent.since(BEGINNING), []);
  t.equal(recent.since(placeAt(1)), undefined);
});

await t.test("it continues from every place that it holds, also across gaps", async (t) => {
  const recent = new RecentEntries();
  const positions = [1, 2, 5, 6, 100, 101];
  recent.add(at(...positions.slice(0, 4)));
  recent.add(at(...positions.slice(4)));
  t.match(recent.place, placeAt(101));
  t.strictSame(positionsOf(recent.since(BEGINNING)), positions);
  for (const [i, position] of positions.entries()) {
    t.strictSame(positionsOf(recent.since(placeAt(position))), positions.slice(i + 1), `after ${position}`);
  }
  t.strictSame(positionsOf([...recent]), positions);
});

await t.test("a place of another log is none of this one", async (t) => {
  const recent = new RecentEntries();
  recent.add(at(1, 2, 5));
  for (const place of [placeAt(3), placeAt(6), placeAt(99), { ...placeAt(2), tag: tagOf(3) }, { position: 2, tag: "" },
    { position: 0, tag: tagOf(0) }, ...[NaN, -1, 2.5].map((position) => ({ position, tag: "" }))]) {
    t.equal(recent.since(place), undefined, JSON.stringify(place));
  }
});

await t.test("it forgets the oldest, and then does not continue from their places", async (t) => {
  const recent = new RecentEntries();
  for (let first = 1; first <= 130_000; first += 1000) {
    recent.add(at(...from(first, 1000)));
    const held = [...recent].length;
    t.ok(held <= 60_000 && (first < 50_000 || held >= 50_000), `${held} of ${first + 999}`);
  }
  const [oldest] = [...recent] as [LogEntry];
  t.equal(recent.since(BEGINNING), undefined);
  t.equal(recent.since(placeAt(oldest.position - 2)), undefined);
  t.equal(recent.since(placeAt(oldest.position - 1))?.length, [...recent].length,
    "from the place before the oldest it does");
  t.strictSame(positionsOf(recent.since(placeAt(129_990))), from(129_991, 10));
});

await t.test("what it returned does not change later", async (t) => {
  const recent = new RecentEntries();
  recent.add(at(1, 2));
  const since = recent.since(BEGINNING);
  recent.add(at(3));
  t.strictSame(positionsOf(since), [1, 2]);
});
