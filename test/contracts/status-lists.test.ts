import { randomUUID } from "node:crypto";
import t from "../support/tap.js";
import { readIndex, RECORD_BYTES } from "../../src/status-lists/record.js";
import type { StatusBatch } from "../../src/status-lists/store.js";
import { until } from "../e2e/support.js";
import { onEveryDialect, startJob } from "./dialects.js";
import { anEntry, NOW } from "./samples.js";

const aBatch = (changes: Partial<StatusBatch> = {}): StatusBatch => ({
  listId: randomUUID(), sequence: 0, records: Buffer.from([0, 1, 127, 128, 255, 0]), expiresAt: NOW + 60_000,
  ...changes,
});
const plain = (batches: Pick<StatusBatch, "sequence" | "records">[]) =>
  batches.map(({ sequence, records }) => ({ sequence, records: [...records] }));

await onEveryDialect(t, async (t, { url, open }) => {
  const [one, two] = [await open(), await open()];
  const [lists, others] = [one.statusLists, two.statusLists];
  const aList = async (expiresAt = NOW + 60_000): Promise<string> => {
    const id = randomUUID();
    await lists.reserve({ id, size: 1024, expiresAt });
    return id;
  };

  await t.test("a list is known to every replica, with the time since its owner's last word", async (t) => {
    t.equal(await others.find(randomUUID()), null);
    t.equal(await others.find("a\0b"), null);
    let spoken = performance.now();
    const sinceItsWord = () => performance.now() - spoken + 10; // the clocks' granularity, in ms
    const id = await aList();
    const { silentFor, ...stored } = await others.find(id) ?? { silentFor: -1 };
    t.strictSame(stored, { size: 1024, closed: false });
    t.ok(silentFor >= 0 && silentFor <= sinceItsWord(), `${silentFor} ms`);
    await until("it is silent for a while", async () => ((await others.find(id))?.silentFor ?? 0) > silentFor + 100);
    spoken = performance.now();
    t.equal(await lists.touch(id, NOW + 70_000), true);
    const after = (await others.find(id))?.silentFor ?? Infinity;
    t.ok(after <= sinceItsWord(), `${after} ms after a word`);
    await lists.close(id);
    t.match(await others.find(id), { closed: true });
    t.equal(await lists.touch(randomUUID(), NOW), false, "a list that there is not");
  });

  await t.test("batches come back byte by byte, in their order, from where one left off", async (t) => {
    const listId = await aList();
    const large = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 7) % 256));
    const batches =
      [aBatch({ listId, sequence: 1, records: large }), aBatch({ listId }), aBatch({ listId, sequence: 2 })];
    for (const batch of batches) await lists.append(batch);
    await lists.append(aBatch());
    const [second, first, third] = batches as [StatusBatch, StatusBatch, StatusBatch];
    t.strictSame(plain(await others.batches(listId, -1, 10)), plain([first, second, third]));
    t.strictSame(plain(await others.batches(listId, 0, 1)), plain([second]));
    t.strictSame(plain(await others.batches(listId, 2, 10)), []);
    t.strictSame(await others.batches("a\0b", -1, 10), []);
  });

  await t.test("a batch that is sent again, also at once, is there once", async (t) => {
    const batch = aBatch();
    await Promise.all(Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? lists : others).append(batch)));
    t.strictSame(plain(await lists.batches(batch.listId, -1, 10)), plain([batch]));
  });

  await t.test("a revocation takes its token's status along, and one without leaves no trace", async (t) => {
    const listId = await aList();
    t.strictSame(await others.revoked(listId), []);
    t.strictSame(await others.revoked("a\0b"), []);
    await one.revocations.append([anEntry()]);
    const entries = [3, 0, 131_071].map((index) => anEntry({ status: { listId, index } }));
    for (const entry of entries) await one.revocations.append([entry]);
    await two.revocations.append(entries.slice(0, 1));
    await two.revocations.append([anEntry({ status: { listId: await aList(), index: 7 } })]);
    t.strictSame([...new Set(await others.revoked(listId))].sort((a, b) => a - b), [0, 3, 131_071]);
    const stored = (await two.revocations.read(0, 1000)).entries;
    for (const entry of entries) t.match(stored.find(({ value }) => value === entry.value), entry);
  });

  await t.test("both or neither: a revocation whose status can't be stored is not stored", async (t) => {
    const entry = anEntry({ status: { listId: randomUUID(), index: 2 ** 40 } });
    if (url.startsWith("file:")) return t.pass("SQLite keeps any number");
    await t.rejects(one.revocations.append([anEntry(), entry]));
    t.strictSame(await two.revocations.find([entry]), []);
  });

  await t.test("sweep deletes what has expired, up to its limit, and no other", async (t) => {
    const before = NOW - 1000;
    const [dead, alive] = [await aList(before), await aList(before + 1)];
    for (const [listId, expiresAt] of [[dead, before], [alive, before + 1]] as const) {
      for (let i = 0; i < 3; i++) {
        await lists.append(aBatch({ listId, sequence: i, expiresAt }));
        await one.revocations.append([anEntry({ expiresAt, status: { listId, index: i } })]);
      }
    }
    t.equal(await lists.sweep(before, 2), 1 + 2);
    t.equal(await others.sweep(before, 2), 0 + 1);
    t.equal(await others.sweep(before, 2), 0);
    t.strictSame([await lists.find(dead), await lists.batches(dead, -1, 10)], [null, []]);
    t.match(await lists.find(alive), { closed: false });
    t.equal((await lists.batches(alive, -1, 10)).length, 3);
    t.strictSame([(await lists.revoked(dead)).length, (await lists.revoked(alive)).length], [3, 3]);
    await one.revocations.append([anEntry()]); // the last entry always stays
    await one.revocations.moveHorizon(await one.revocations.horizon(), before);
    await one.revocations.sweep(1000);
    t.strictSame([await lists.revoked(dead), (await lists.revoked(alive)).length], [[], 3],
      "what was revoked one by one goes with its entry in the log");
  });

  const recorded = async (listId: string): Promise<string[]> => (await lists.batches(listId, -1, 10_000)).flatMap(
    ({ records }) => Array.from({ length: records.length / RECORD_BYTES },
      (_, i) => `${listId} ${readIndex(Buffer.from(records), i * RECORD_BYTES)}`));
  const entriesOf = (lines: string[]) => lines.map((line) => line.replace(/^.*\/status-lists\//, ""));
  const listsOf = (entries: string[]) => [...new Set(entries.map((entry) => entry.split(" ")[0] as string))];

  await t.test("processes that reserve and write at once never share an index, and lose none", async (t) => {
    const jobs = await Promise.all([1, 2, 3].map(() => startJob("statuses", url, "https://auth.example", "500").ended));
    t.strictSame(jobs.map(({ code }) => code), [0, 0, 0]);
    const entries = jobs.flatMap(({ lines }) => entriesOf(lines));
    t.equal(new Set(entries).size, 1500);
    t.equal(listsOf(entries).length, 3);
    const written = (await Promise.all(listsOf(entries).map(recorded))).flat();
    t.strictSame(written.sort(), entries.sort());
    for (const id of listsOf(entries)) t.match(await lists.find(id), { closed: true });
  });

  await t.test("kill -9 leaves the list open, with all but what was recorded last", async (t) => {
    const { child, ended, printed } = startJob("statuses", url, "https://auth.example", "1000000");
    await printed(200);
    child.kill("SIGKILL");
    const entries = entriesOf((await ended).lines);
    const [id] = listsOf(entries) as [string];
    const written = new Set(await recorded(id));
    t.match(await lists.find(id), { closed: false });
    t.strictSame(entries.slice(0, -30).filter((entry) => !written.has(entry)), []);
  });
});
