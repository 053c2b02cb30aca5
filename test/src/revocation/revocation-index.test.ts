import t from "../../support/tap.js";
import { type Entry, FOREVER, SCOPES } from "../../../src/revocation/entry.js";
import { RevocationIndex } from "../../../src/revocation/revocation-index.js";
import { aCutoff, anEntry, nextId, NOW } from "../../contracts/samples.js";

const indexOf = (...entries: Entry[]): RevocationIndex => {
  const index = new RevocationIndex();
  for (const entry of entries) index.add(entry);
  return index;
};

await t.test("a token is revoked by its id, whatever time of issue it claims", async (t) => {
  const token = anEntry();
  const index = indexOf(token, anEntry());
  for (const issuedAt of [0, NOW, FOREVER, FOREVER + 1, Infinity]) t.equal(index.revokes([token], issuedAt), true);
  t.equal(index.revokes([anEntry()], 0), false);
  t.equal(index.revokes([{ ...token, scope: "sub" }], 0), false, "a subject of the same name");
  t.equal(index.revokes([], 0), false);
});

await t.test("a cut-off revokes what was issued before it, of its own scope", async (t) => {
  const value = nextId();
  for (const scope of SCOPES) {
    if (scope === "jti") continue;
    const index = indexOf(aCutoff({ scope, value }));
    t.equal(index.revokes([{ scope, value }], NOW - 1), true);
    t.equal(index.revokes([{ scope, value }], NOW), false);
    for (const other of SCOPES) {
      if (other !== scope) t.equal(index.revokes([{ scope: other, value }], 0), false, `${scope} and ${other}`);
    }
  }
  const key = aCutoff({ scope: "kid", issuedBefore: FOREVER, expiresAt: FOREVER });
  t.equal(indexOf(key).revokes([key], FOREVER + 1), true, "a key that is compromised");
});

await t.test("any of several names suffices", async (t) => {
  const [token, cutoff] = [anEntry(), aCutoff()];
  const index = indexOf(token, cutoff);
  t.equal(index.revokes([anEntry(), cutoff], NOW - 1), true);
  t.equal(index.revokes([token, aCutoff()], NOW + 1), true);
  t.equal(index.revokes([anEntry(), cutoff], NOW), false);
});

await t.test("of two cut-offs with one name the later instants stay, in any order", async (t) => {
  const early = aCutoff({ expiresAt: NOW + 20 });
  const late = { ...early, issuedBefore: NOW + 5, expiresAt: NOW + 10 };
  for (const index of [indexOf(early, late), indexOf(late, early)]) {
    t.strictSame([...index.cutoffs()], [{ ...early, issuedBefore: NOW + 5 }]);
    t.equal([...index.entries()].length, 1);
  }
});

await t.test("it includes an entry when it revokes as much", async (t) => {
  const [token, cutoff] = [anEntry(), aCutoff()];
  const index = indexOf(token, cutoff);
  t.equal(index.includes(token), true);
  t.equal(index.includes({ ...cutoff, issuedBefore: NOW - 1 }), true);
  t.equal(index.includes(cutoff), true);
  t.equal(index.includes({ ...cutoff, issuedBefore: NOW + 1 }), false);
  t.equal(index.includes(anEntry()), false);
  t.equal(index.includes(aCutoff()), false);
});

await t.test("its parts are all it holds, each entry once, and none is much larger than the others", async (t) => {
  const many = <Item>(make: (i: number) => Item): Item[] => Array.from({ length: 4000 }, (_, i) => make(i));
  const hex = (): string => crypto.randomUUID().replaceAll("-", "");
  const tokens = [
    ...many(() => anEntry({ value: crypto.randomUUID(), expiresAt: 7000 })),
    ...many(() => anEntry({ value: hex(), expiresAt: 7001 })),
    ...many((i) => anEntry({ value: `session-of-user-${i}-at-example`, expiresAt: 7002 })),
    ...["", "a", "ä"].map((value) => anEntry({ value, expiresAt: 7003 })),
  ];
  const subjects = [...many((i) => `google|${1e20 + i * 1e5}`), ...many((i) => `user-${i}`)];
  const cutoffs = subjects.map((value) => aCutoff({ value }));
  const index = indexOf(...tokens, ...cutoffs);
  const byValue = (a: Entry, b: Entry) => (a.value < b.value ? -1 : 1);
  for (const [kind, all] of [["tokens", tokens], ["cutoffs", cutoffs]] as const) {
    for (const parts of [1, 2, 16, 256]) {
      const found = Array.from({ length: parts }, (_, part) => [...index[kind](part, parts)]);
      t.strictSame(found.flat().sort(byValue), all.toSorted(byValue), `${parts} parts of ${kind}`);
      const largest = Math.max(...found.map(({ length }) => length));
      t.ok(largest < 4 * all.length / parts, `the largest of ${parts} parts of ${kind} has ${largest}`);
    }
  }
  t.equal([...index.entries()].length, tokens.length + cutoffs.length);
  t.strictSame([index.tokenCount, index.cutoffCount], [tokens.length, cutoffs.length]);
});

await t.test("sweep removes what expired at or before an instant", async (t) => {
  const uuid = crypto.randomUUID();
  const entries = [
    aCutoff({ expiresAt: NOW }), aCutoff({ expiresAt: NOW + 1 }), anEntry({ value: "a", expiresAt: NOW }),
    anEntry({ value: "b", expiresAt: NOW + 1 }), anEntry({ value: uuid, expiresAt: NOW }),
    aCutoff({ scope: "kid", issuedBefore: FOREVER, expiresAt: FOREVER }),
  ] as const;
  const index = indexOf(...entries);
  index.sweep(-Infinity);
  t.equal([...index.entries()].length, 6);
  index.sweep(NOW);
  t.strictSame(entries.map((entry) => index.includes(entry)), [false, true, false, true, true, true],
    "a UUID's expiry is rounded up to a second");
  index.sweep(NOW + 1000);
  t.strictSame(entries.map((entry) => index.includes(entry)), [false, false, false, false, false, true]);
  index.sweep(FOREVER - 1);
  t.equal([...index.entries()].length, 1);
});
