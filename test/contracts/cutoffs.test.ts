import t from "../support/tap.js";
import { type Cutoff, FOREVER } from "../../src/revocation/cutoff.js";
import { onEveryDialect } from "./dialects.js";
import { NOW, nextId } from "./samples.js";

const aCutoff = (changes: Partial<Cutoff> = {}): Cutoff =>
  ({ scope: "kid", value: nextId(), issuedBefore: NOW, expiresAt: NOW + 60_000, ...changes });

await onEveryDialect(t, async (t, { open }) => {
  const [{ cutoffs }, { cutoffs: other }] = [await open(), await open()];
  const FAR = NOW + 1e9; // each test at a time of its own, when the rows of those before are dead

  await t.test("what was recorded is found by its name, for every instance", async (t) => {
    const [one, another] = [aCutoff(), aCutoff({ issuedBefore: FOREVER, expiresAt: FOREVER })];
    t.strictSame(await other.find([one]), []);
    await cutoffs.record(one, true);
    await cutoffs.record(another, true);
    t.strictSame(await other.find([one]), [one]);
    const byValue = (a: Cutoff, b: Cutoff) => a.value.localeCompare(b.value);
    t.strictSame((await other.find([another, aCutoff(), one])).sort(byValue), [one, another].sort(byValue));
    t.strictSame(await other.find([{ scope: "kid", value: "nul\0" }]), []);
    await t.rejects(cutoffs.record(aCutoff({ value: "nul\0" }), true), TypeError);
    await cutoffs.sweep(FOREVER, 100);
  });

  await t.test("of two for one name the later instants count, in any order and at once", async (t) => {
    const first = aCutoff({ issuedBefore: NOW + 5, expiresAt: FAR });
    await cutoffs.record(first, true);
    await other.record({ ...first, issuedBefore: NOW + 4, expiresAt: FAR + 1 }, true);
    t.strictSame(await cutoffs.find([first]), [{ ...first, expiresAt: FAR + 1 }]);
    const many = Array.from({ length: 20 }, (_, i) => ({ ...first, issuedBefore: NOW + 10 + ((i * 7) % 20) }));
    await Promise.all(many.map((cutoff, i) => (i % 2 === 0 ? cutoffs : other).record(cutoff, true)));
    t.strictSame(await cutoffs.find([first]), [{ ...first, issuedBefore: NOW + 29, expiresAt: FAR + 1 }]);
  });

  await t.test("live goes through the unexpired in the order of their names", async (t) => {
    const now = FAR + 100;
    const rows = Array.from({ length: 5 }, (_, i) => aCutoff({ expiresAt: i === 2 ? now : now + 10 - i }));
    for (const row of [...rows].reverse()) await cutoffs.record(row, false);
    const [a, b, , d, e] = rows as [Cutoff, Cutoff, Cutoff, Cutoff, Cutoff];
    t.strictSame(await cutoffs.live(now, { limit: 2 }), [a, b]);
    t.strictSame(await cutoffs.live(now, { limit: 2, after: b }), [d, e]);
    t.strictSame(await cutoffs.live(now, { limit: 2, after: e }), []);
  });

  await t.test("the uncached wait until marked, and again when they change meanwhile", async (t) => {
    const now = FAR + 200;
    const one = aCutoff({ expiresAt: now + 1 });
    await cutoffs.record(one, false);
    await cutoffs.record(aCutoff({ expiresAt: now + 1 }), true);
    await cutoffs.record(aCutoff({ expiresAt: now }), false);
    t.strictSame(await other.uncached(now, 10), [one]);
    const later = { ...one, issuedBefore: one.issuedBefore + 1 };
    await other.record(later, false);
    await cutoffs.markCached([one]);
    t.strictSame(await other.uncached(now, 10), [later], "what was shown is not what stands there now");
    await cutoffs.markCached([later]);
    t.strictSame(await other.uncached(now, 10), []);
    t.strictSame(await other.find([one]), [later]);
  });

  await t.test("sweep deletes the expired, up to its limit, and no other", async (t) => {
    while (await cutoffs.sweep(FAR + 1000, 1000) > 0) { /* what the tests before left */ }
    const before = FAR + 2000;
    const kept = aCutoff({ expiresAt: before + 1 });
    const rows = [...Array.from({ length: 5 }, (_, i) => aCutoff({ expiresAt: before - i })), kept];
    for (const row of rows) await cutoffs.record(row, false);
    t.equal(await cutoffs.sweep(before, 3), 3);
    t.equal(await other.sweep(before, 3), 2);
    t.strictSame(await cutoffs.live(before, { limit: 10 }), [kept]);
  });
});
