import t from "../../support/tap.js";
import { type Cutoff, FOREVER } from "../../../src/revocation/cutoff.js";
import { CutoffIndex } from "../../../src/status-lists/cutoff-index.js";
import { encodeRecord } from "../../../src/status-lists/record.js";
import { migrate, openDatabase } from "../../../src/stores/prisma/database.js";
import { manualClock } from "../../support/app.js";
import { sqlite } from "../../support/services.js";

async function fixture(t: Parameters<typeof sqlite>[0]) {
  const url = sqlite(t);
  await migrate(url);
  const { cutoffs, close } = await openDatabase(url);
  t.teardown(close);
  const { clock, advance } = manualClock();
  const index = new CutoffIndex(cutoffs, clock);
  const aCutoff = (changes: Partial<Cutoff> = {}): Cutoff =>
    ({ scope: "sub", value: "alice", issuedBefore: clock() + 1, expiresAt: clock() + 3_600_000, ...changes });
  const ended = (token: Partial<Parameters<typeof encodeRecord>[0]> = {}): boolean =>
    index.cutoffs.covers(
      encodeRecord({ index: 1, issuedAt: clock(), sub: "alice", clientId: "c", kid: "k", ...token }), 0);
  return { cutoffs, index, clock, advance, aCutoff, ended };
}

await t.test("a cut-off ends tokens issued before it, by each of the three names", async (t) => {
  const { cutoffs, index, clock, aCutoff, ended } = await fixture(t);
  await cutoffs.record(aCutoff(), true);
  await cutoffs.record(aCutoff({ scope: "client_id", value: "shop" }), true);
  await cutoffs.record(aCutoff({ scope: "kid", value: "stolen", issuedBefore: FOREVER, expiresAt: FOREVER }), true);
  t.equal(ended(), false, "not read yet");
  t.equal(await index.refresh(), clock());
  t.strictSame([ended(), ended({ issuedAt: clock() + 1 }), ended({ sub: "bob" })], [true, false, false]);
  t.equal(ended({ sub: "bob", clientId: "shop" }), true);
  t.equal(ended({ sub: "bob", clientId: "alice" }), false, "a client is no subject");
  t.equal(ended({ sub: "bob", kid: "stolen", issuedAt: 2 ** 48 - 1 }), true, "whatever time of issue it claims");
});

await t.test("readings at once and within a second are one, later ones bring what is new", async (t) => {
  const { cutoffs, index, advance, aCutoff, ended } = await fixture(t);
  await Promise.all([index.refresh(), index.refresh()]);
  await cutoffs.record(aCutoff(), true);
  await index.refresh();
  t.equal(ended(), false);
  advance(1);
  await index.refresh();
  t.equal(ended({ issuedAt: 0 }), true);
  const { revision } = index;
  advance(1);
  await index.refresh();
  t.equal(index.revision, revision, "nothing new");
  await cutoffs.record(aCutoff(), true);
  advance(1);
  await index.refresh();
  t.ok(index.revision > revision, "a later instant is");
  t.equal(index.cutoffs.since(revision).isEmpty, false);
  t.equal(index.cutoffs.since(index.revision).isEmpty, true);
});

await t.test("what a lagging replica recorded is found as well", async (t) => {
  const { cutoffs, index, clock, advance, aCutoff, ended } = await fixture(t);
  await index.refresh();
  advance(2);
  await cutoffs.record(aCutoff({ issuedBefore: clock() - 59_000 }), true);
  await index.refresh();
  t.equal(ended({ issuedAt: clock() - 60_000 }), true);
});

await t.test("one that expired is forgotten, and no other", async (t) => {
  const { cutoffs, index, clock, advance, aCutoff, ended } = await fixture(t);
  await cutoffs.record(aCutoff({ expiresAt: clock() + 1000 }), true);
  await cutoffs.record(aCutoff({ value: "bob" }), true);
  await index.refresh();
  t.equal(ended(), true);
  advance(30);
  await index.refresh();
  t.equal(ended({ issuedAt: 0 }), true, "its tokens may live by a slower clock");
  advance(60);
  await index.refresh();
  t.strictSame([ended({ issuedAt: 0 }), ended({ issuedAt: 0, sub: "bob" })], [false, true]);
});

await t.test("more than a page is read whole", async (t) => {
  const { cutoffs, index, aCutoff, ended } = await fixture(t);
  for (let i = 0; i < 2100; i++) await cutoffs.record(aCutoff({ value: `user-${i}` }), true);
  await index.refresh();
  const alive = Array.from({ length: 2100 }, (_, i) => `user-${i}`).filter((sub) => !ended({ sub }));
  t.strictSame(alive, []);
});
