import { randomUUID } from "node:crypto";
import t from "../support/tap.js";
import { onEveryDialect } from "./dialects.js";
import { NOW } from "./samples.js";

await onEveryDialect(t, async (t, { open }) => {
  const [one, two] = [await open(), await open()];

  await t.test("of fifty that come with a value at once, at two replicas, one is accepted", async (t) => {
    for (let round = 0; round < 3; round++) {
      const hash = randomUUID();
      const accepted = await Promise.all(Array.from({ length: 50 }, (_, i) =>
        (i % 2 ? one : two).usedValues.accept(hash, NOW + 60_000)));
      t.equal(accepted.filter(Boolean).length, 1);
      t.equal(await two.usedValues.accept(hash, NOW + 120_000), false);
    }
  });

  await t.test("a sweep deletes what has expired, page by page", async (t) => {
    const hashes = Array.from({ length: 5 }, (_, i) => `swept-${i}`);
    for (const [i, hash] of hashes.entries()) await one.usedValues.accept(hash, NOW + i);
    t.equal(await two.usedValues.sweep(NOW + 3, 3), 3);
    t.equal(await two.usedValues.sweep(NOW + 3, 3), 1);
    t.equal(await two.usedValues.sweep(NOW + 3, 3), 0);
    t.strictSame(await Promise.all(hashes.map((hash) => one.usedValues.accept(hash, NOW + 600_000))),
      [true, true, true, true, false]);
  });
});
