import t from "../../support/tap.js";
import { LogWriter } from "../../../src/revocation/log-writer.js";
import type { Entry } from "../../../src/revocation/entry.js";
import { unavailable } from "../../../src/shared/errors.js";
import { aCutoff, anEntry } from "../../contracts/samples.js";
import { intercepted, logOnSqlite } from "./log-on-sqlite.js";

const outcomesOf = async (calls: Promise<void>[]) => (await Promise.allSettled(calls)).map(({ status }) => status);

await t.test("calls that come at once, or while one is written, share a transaction, in their order", async (t) => {
  const { log, other } = await logOnSqlite(t);
  let transactions = 0;
  let begun = (): void => undefined;
  const writer = new LogWriter(intercepted(log, { before: () => { transactions++; begun(); } }));
  const calls = Array.from({ length: 100 }, () => [anEntry(), aCutoff()]);
  await Promise.all(calls.slice(0, 50).map((entries) => writer.append(entries)));
  t.equal(transactions, 1, "all of one turn");
  const writing = new Promise<void>((resolve) => { begun = resolve; });
  const one = writer.append(calls[50] as Entry[]);
  await writing;
  await Promise.all([one, ...calls.slice(51).map((entries) => writer.append(entries))]);
  t.equal(transactions, 3, "the one, and all others");
  t.strictSame((await other.read(0, 1000)).entries.map(({ value }) => value), calls.flat().map(({ value }) => value));
  await writer.append([anEntry()]);
  t.equal(transactions, 4, "alone again");
});

await t.test("a call resolves only when its own entries are stored", async (t) => {
  const { log, other } = await logOnSqlite(t);
  const writer = new LogWriter(log);
  const lanes = Array.from({ length: 20 }, async () => {
    for (let i = 0; i < 5; i++) {
      const entry = anEntry();
      await writer.append([entry]);
      if ((await other.find([entry])).length !== 1) throw new Error("acknowledged, and not there");
    }
  });
  await t.resolves(Promise.all(lanes));
});

await t.test("an entry that the database can't hold fails its own call only, as a whole", async (t) => {
  const { log } = await logOnSqlite(t);
  const writer = new LogWriter(log);
  const beside = anEntry();
  const calls: Entry[][] = [[anEntry()], [anEntry()], [beside, anEntry({ value: "nul\0" })], [anEntry()]];
  const settled = await Promise.allSettled(calls.map((entries) => writer.append(entries)));
  t.strictSame(settled.map(({ status }) => status), ["fulfilled", "fulfilled", "rejected", "fulfilled"]);
  t.match(settled[2], { reason: TypeError });
  t.strictSame(await log.find([beside]), []);
  const stored = (await log.read(0, 10)).entries.map(({ value }) => value);
  t.strictSame(stored, [calls[0], calls[1], calls[3]].flatMap((entries) => entries?.map(({ value }) => value)));
});

await t.test("an outage fails all that wait at once, and later calls are written again", async (t) => {
  const { log } = await logOnSqlite(t);
  let attempts = 0;
  let isDown = true;
  const writer = new LogWriter(intercepted(log, {
    before: () => {
      attempts++;
      if (isDown) throw unavailable("The database does not answer: try again", new Error("no connection"));
    },
  }));
  const calls = Array.from({ length: 10 }, () => writer.append([anEntry()]));
  t.strictSame(new Set(await outcomesOf(calls)), new Set(["rejected"]));
  t.equal(attempts, 1, "not once for each");
  await t.rejects(writer.append([anEntry()]), { code: "temporarily_unavailable" });
  isDown = false;
  await t.resolves(writer.append([anEntry()]));
  t.equal((await log.read(0, 10)).entries.length, 1);
});

await t.test("more calls than a transaction takes are written by several, in their order", async (t) => {
  const { log } = await logOnSqlite(t);
  const writer = new LogWriter(log);
  const entries = Array.from({ length: 2500 }, () => anEntry());
  await Promise.all(entries.map((entry) => writer.append([entry])));
  t.strictSame((await log.read(0, 5000)).entries.map(({ value }) => value), entries.map(({ value }) => value));
});
