import t from "../support/tap.js";
import { onEveryDialect } from "./dialects.js";
import { aRevocation, NOW, nextId } from "./samples.js";

const LATEST = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

await onEveryDialect(t, async (t, { open }) => {
  const [{ revocations: journal }, { revocations: other }] = [await open(), await open()];
  const FAR = NOW + 1e9; // each test at a time of its own, when the rows of those before are dead

  await t.test("what was recorded is revoked, for every instance", async (t) => {
    const revocation = aRevocation();
    t.equal(await journal.has(revocation.jti), false);
    await journal.record(revocation, true);
    t.equal(await other.has(revocation.jti), true);
    t.strictSame(await other.live(NOW, { limit: 10 }), [revocation]);
  });

  await t.test("recording a jti again, also at once, is no error and changes nothing", async (t) => {
    const first = aRevocation({ expiresAt: FAR + 1 });
    await journal.record(first, false);
    await other.record({ ...first, revokedAt: NOW + 5, subject: "other" }, false);
    t.strictSame(await journal.live(FAR, { limit: 10 }), [first]);
    const raced = aRevocation({ expiresAt: FAR + 1 });
    await Promise.all(Array.from({ length: 30 }, (_, i) => (i % 2 === 0 ? journal : other).record(raced, false)));
    t.strictSame(await journal.live(FAR, { limit: 10 }), [first, raced]);
  });

  await t.test("NUL characters are refused when recorded, and found nowhere", async (t) => {
    t.equal(await journal.has("a\0b"), false);
    await t.rejects(journal.record(aRevocation({ subject: "a\0b" }), false), TypeError);
  });

  await t.test("live goes through the unexpired in jti order", async (t) => {
    const now = FAR + 100;
    const rows = Array.from({ length: 5 }, (_, i) => aRevocation({ expiresAt: i === 2 ? now : now + 10 - i }));
    for (const row of [...rows].reverse()) await journal.record(row, false);
    const [a, b, , d, e] = rows;
    t.strictSame(await journal.live(now, { limit: 2 }), [a, b]);
    t.strictSame(await journal.live(now, { limit: 2, after: b!.jti }), [d, e]);
    t.strictSame(await journal.live(now, { limit: 2, after: e!.jti }), []);
  });

  await t.test("the uncached wait until marked, thousands at a time", async (t) => {
    const now = FAR + 200;
    const rows = Array.from({ length: 20 }, () => aRevocation({ expiresAt: now + 1 }));
    await Promise.all(rows.map((row) => journal.record(row, false)));
    await journal.record(aRevocation({ expiresAt: now + 1 }), true);
    await journal.record(aRevocation({ expiresAt: now }), false);
    const waiting = async () => (await other.uncached(now, 100)).map(({ jti }) => jti).sort();
    const jtis = rows.map(({ jti }) => jti);
    t.strictSame(await waiting(), jtis);
    t.equal((await other.uncached(now, 7)).length, 7);
    // More than SQLite (32,766) or PostgreSQL (65,535) takes as parameters of one statement.
    const unknown = Array.from({ length: 70_000 }, nextId);
    await journal.markCached([...jtis.slice(0, 10), ...unknown, ...jtis.slice(10, 19)]);
    t.strictSame(await waiting(), jtis.slice(19));
    await journal.markCached([]);
    const orders = [jtis, [...jtis].reverse()];
    await Promise.all([journal, other].flatMap((one) => orders.map((order) => one.markCached(order))));
    t.strictSame(await waiting(), []);
    t.equal(await journal.has(jtis[0]!), true);
  });

  await t.test("sweep deletes the expired, up to its limit, and no other", async (t) => {
    while (await journal.sweep(FAR + 1000, 1000) > 0) { /* what the tests before left */ }
    const before = FAR + 2000;
    const expired = Array.from({ length: 300 }, (_, i) => aRevocation({ expiresAt: before - (i % 3) }));
    const kept = [aRevocation({ expiresAt: before + 1 }), aRevocation({ expiresAt: LATEST })];
    const beyond = { ...kept[1]!, expiresAt: Number.MAX_SAFE_INTEGER };
    const rows = [...expired, kept[0]!, beyond];
    while (rows.length > 0) { // some at a time: of all at once, the last would wait too long for a connection
      await Promise.all(rows.splice(-20).map((row, i) => journal.record(row, i % 2 === 0)));
    }
    t.equal(await journal.sweep(before, 120), 120);
    const swept = await Promise.all([journal, other, journal, other].map((one) => one.sweep(before, 100)));
    t.equal(swept.reduce((sum, count) => sum + count) + await journal.sweep(before, 1000), 180);
    t.equal(await journal.has(expired[0]!.jti), false);
    t.strictSame(await journal.live(before, { limit: 10 }), kept);
  });
});
