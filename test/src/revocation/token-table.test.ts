import { randomUUID } from "node:crypto";
import t from "../../support/tap.js";
import { SHARDS } from "../../../src/revocation/sharded-map.js";
import { TokenTable } from "../../../src/revocation/token-table.js";
import { uuidv7 } from "../../../src/shared/uuid.js";

/** A generator with a seed (mulberry32): numbers from 0 to below 1. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Epoch ms that the table can hold of a UUID's expiry; the last one stands for everything later. */
const LATEST = 0xffff_ffff * 1000;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const kept = (jti: string, expiresAt: number): number =>
  UUID.test(jti) ? Math.min(Math.max(Math.ceil(expiresAt / 1000), 1) * 1000, LATEST) : Math.max(expiresAt, 0);

const hex = (next: () => number, digits: number): string =>
  Array.from({ length: digits }, () => Math.floor(next() * 16).toString(16)).join("");
const uuid = (next: () => number): string =>
  [8, 4, 4, 4, 12].map((digits) => hex(next, digits)).join("-");

/** Texts of every kind that a `jti` may have, many of them close to another. */
function pool(next: () => number): string[] {
  const uuids = Array.from({ length: 60 }, () => uuid(next));
  const prefix = uuid(next).slice(0, -3);
  return [
    ...uuids,
    ...Array.from({ length: 60 }, () => prefix + hex(next, 3)),
    ...uuids.slice(0, 5).flatMap((text) => [text.toUpperCase(), text.replaceAll("-", ""), `${text} `, ` ${text}`]),
    "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "", "jti", "__proto__", "Ł🚲",
  ];
}

await t.test("it holds what a Map would hold, through any history", async (t) => {
  for (let seed = 1; seed <= 60; seed++) {
    const next = random(seed);
    const [table, model, jtis] = [new TokenTable(), new Map<string, number>(), pool(next)];
    let fault: string | undefined;
    const check = (holds: boolean, what: string): void => { if (!holds) fault ??= what; };
    for (let step = 0; step < 400; step++) {
      const jti = jtis[Math.floor(next() * jtis.length)] as string;
      // Some at the limits of what is stored.
      const limits = [-1, 0, 1, LATEST - 1, LATEST, LATEST + 1, 2 ** 53];
      const expiresAt = next() < 0.05 ? limits[Math.floor(next() * limits.length)] as number
        : Math.floor(next() * 1_000_000);
      if (next() < 0.9) {
        check(table.add(jti, expiresAt) === !model.has(jti), `step ${step}: what add says of ${jti}`);
        model.set(jti, Math.max(model.get(jti) ?? -Infinity, kept(jti, expiresAt)));
      } else {
        const before = next() < 0.1 ? LATEST + 10_000 : Math.floor(next() * 1_000_000);
        table.sweep(before);
        const isExpired = (text: string, expiry: number): boolean =>
          expiry <= before && !(UUID.test(text) && expiry === LATEST);
        for (const [text, expiry] of model) if (isExpired(text, expiry)) model.delete(text);
      }
      check(table.size === model.size, `step ${step}: the size`);
      check(table.has(jti) === model.has(jti), `step ${step}: ${jti}`);
    }
    for (const jti of jtis) check(table.has(jti) === model.has(jti), `at the end: ${jti}`);
    const entries = [...table.entries()].map(({ jti, expiresAt }) => [jti, expiresAt] as const);
    check(entries.length === model.size, "at the end: an entry comes twice, or not at all");
    for (const [jti, expiresAt] of entries) check(model.get(jti) === expiresAt, `at the end: the expiry of ${jti}`);
    t.equal(fault, undefined, `seed ${seed}`);
  }
});

await t.test("its shards together are everything, each token in one of them", async (t) => {
  const table = new TokenTable();
  const jtis = [...Array.from({ length: 5000 }, () => uuidv7(Date.now())),
    ...Array.from({ length: 5000 }, () => randomUUID()), "no-uuid", "another"];
  for (const jti of jtis) table.add(jti, 5000);
  for (const step of [1, 8, SHARDS]) {
    const found: string[] = [];
    for (let from = 0; from < SHARDS; from += step) {
      for (const { jti } of table.entries(from, from + step)) found.push(jti);
    }
    t.strictSame(found.sort(), [...jtis].sort());
  }
  const PARTS = 256;
  const shards = SHARDS / PARTS;
  const sizes = Array.from({ length: PARTS }, (_, i) => [...table.entries(i * shards, (i + 1) * shards)].length);
  t.ok(Math.max(...sizes) < 3 * jtis.length / PARTS, "evenly: each grows alone");
});

await t.test("entries that are added while it is read do no harm, and none that was there is missed", async (t) => {
  const table = new TokenTable();
  const jtis = Array.from({ length: 2000 }, () => randomUUID());
  for (const jti of jtis) table.add(jti, 5000);
  const found = new Set<string>();
  for (const { jti } of table.entries()) {
    found.add(jti);
    if (found.size <= 2000) table.add(randomUUID(), 5000);
  }
  t.strictSame(jtis.filter((jti) => !found.has(jti)), []);
  t.equal(table.size, 4000);
});

await t.test("what was swept makes room", async (t) => {
  const table = new TokenTable();
  for (let round = 1; round <= 20; round++) {
    const jtis = Array.from({ length: 3000 }, () => randomUUID());
    for (const jti of jtis) table.add(jti, round * 1000);
    table.sweep((round - 1) * 1000);
    t.equal(table.size, 3000);
    t.ok(jtis.every((jti) => table.has(jti)));
  }
});
