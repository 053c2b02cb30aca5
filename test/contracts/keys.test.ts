import t from "../support/tap.js";
import { onEveryDialect } from "./dialects.js";
import { aKey, NOW } from "./samples.js";

await onEveryDialect(t, async (t, { open }) => {
  const [{ keys, installation }, other] = [await open(), await open()];

  await t.test("a new installation has revision 0 and no keys", async (t) => {
    t.strictSame(await keys.load(), { revision: 0, keys: [] });
  });

  await t.test("the ring becomes exactly the keys given, in the order of their creation", async (t) => {
    const retired = aKey({ state: "retired", createdAt: NOW - 2, retiredAt: NOW });
    const [active, staged] = [aKey({ createdAt: NOW - 1 }), aKey({ state: "staged", activatedAt: null })];
    t.equal(await keys.save(0, [staged, retired, active]), true);
    t.strictSame(await other.keys.load(), { revision: 1, keys: [retired, active, staged] });
    t.equal(await keys.save(1, [active]), true);
    t.strictSame(await other.keys.load(), { revision: 2, keys: [active] });
    t.equal((await installation.load()).ringRevision, 2);
  });

  await t.test("a key that an older version wrote comes without its tokens' longest life", async (t) => {
    const { revision } = await keys.load();
    const ring = [aKey({ longestTtl: null })];
    t.equal(await keys.save(revision, ring), true);
    t.strictSame((await other.keys.load()).keys, ring);
  });

  await t.test("keys that leave are remembered, once each, and only if the ring was saved", async (t) => {
    const { revision, keys: ring } = await keys.load();
    const b = { kid: "b", thumbprint: "tb", leftAt: NOW, revokedAt: null };
    const a = { kid: "a", thumbprint: "ta", leftAt: NOW + 1, revokedAt: null };
    t.equal(await keys.save(revision + 1, ring, [a]), false);
    t.strictSame(await keys.former(), []);
    t.equal(await keys.save(revision, ring, [b, a]), true);
    t.equal(await other.keys.save(revision + 1, ring, [a]), true);
    t.strictSame(await other.keys.former(), [a, b]);
    t.equal(await keys.save(revision + 2, ring, [{ ...b, revokedAt: NOW + 2 }]), true);
    t.strictSame(await keys.former(), [a, { ...b, revokedAt: NOW + 2 }]);
  });

  await t.test("another revision than the expected one writes nothing", async (t) => {
    const before = await keys.load();
    t.equal(await keys.save(before.revision - 1, [aKey()]), false);
    t.equal(await keys.save(before.revision + 1, [aKey()]), false);
    t.strictSame(await keys.load(), before);
  });

  await t.test("a save that fails leaves the old ring", async (t) => {
    const before = await keys.load();
    const key = aKey();
    await t.rejects(keys.save(before.revision, [key, key]));
    await t.rejects(keys.save(before.revision, [aKey({ publicJwk: "\0" })]), TypeError);
    t.strictSame(await keys.load(), before);
  });

  await t.test("of many saves at once one wins", async (t) => {
    const { revision } = await keys.load();
    const rings = Array.from({ length: 12 }, () => [aKey()]);
    const outcomes = await Promise.all(rings.map((ring, i) => (i % 2 === 0 ? keys : other.keys).save(revision, ring)));
    t.equal(outcomes.filter(Boolean).length, 1);
    t.strictSame(await keys.load(), { revision: revision + 1, keys: rings[outcomes.indexOf(true)] });
  });
});
