import t from "../../support/tap.js";
import { LogWriter } from "../../../src/revocation/log-writer.js";
import type { Entry } from "../../../src/revocation/entry.js";
import type { RevocationLog } from "../../../src/revocation/log.js";
import { LogFollower } from "../../../src/revocation/log-follower.js";
import { OutletAgreement } from "../../../src/revocation/outlet-agreement.js";
import type { ReplicaStore } from "../../../src/revocation/replica-store.js";
import { RevocationState } from "../../../src/revocation/revocation-state.js";
import { unavailable } from "../../../src/shared/errors.js";
import { someClaims } from "../../support/app.js";
import { aCutoff, anEntry } from "../../contracts/samples.js";
import { intercepted, logOnSqlite } from "./log-on-sqlite.js";

/** A writer of a replica that still reads its first log, or has `follower`. */
function writerOf(
  log: RevocationLog,
  store: ReplicaStore,
  follower = new LogFollower({ log, recovered: () => undefined }),
): LogWriter {
  const agreement = new OutletAgreement({
    store, id: "a", outlet: () => null, monotonic: () => performance.now(), history: () => follower.history,
  });
  return new LogWriter({ log, follower, state: new RevocationState({ log, follower, agreement }) });
}

const outcomesOf = async (calls: Promise<unknown>[]) => (await Promise.allSettled(calls)).map(({ status }) => status);

await t.test("calls that come at once, or while one is written, share a transaction, in their order", async (t) => {
  const { log, other, replicas } = await logOnSqlite(t);
  let transactions = 0;
  let begun = (): void => undefined;
  const writer = writerOf(intercepted(log, { before: () => { transactions++; begun(); } }), replicas);
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
  const { log, other, replicas } = await logOnSqlite(t);
  const writer = writerOf(log, replicas);
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
  const { log, replicas } = await logOnSqlite(t);
  const writer = writerOf(log, replicas);
  const beside = anEntry();
  const calls: Entry[][] = [[anEntry()], [anEntry()], [beside, anEntry({ value: "nul\0" })], [anEntry()]];
  const settled = await Promise.allSettled(calls.map((entries) => writer.append(entries)));
  t.strictSame(settled.map(({ status }) => status), ["fulfilled", "fulfilled", "rejected", "fulfilled"]);
  t.match(settled[2], { reason: { code: "temporarily_unavailable", cause: TypeError } });
  t.strictSame(await log.find([beside]), []);
  const stored = (await log.read(0, 10)).entries.map(({ value }) => value);
  t.strictSame(stored, [calls[0], calls[1], calls[3]].flatMap((entries) => entries?.map(({ value }) => value)));
});

await t.test("an outage fails all that wait at once, and later calls are written again", async (t) => {
  const { log, replicas } = await logOnSqlite(t);
  let attempts = 0;
  let isDown = true;
  const writer = writerOf(intercepted(log, {
    before: () => {
      attempts++;
      if (isDown) throw unavailable("The database does not answer: try again", new Error("no connection"));
    },
  }), replicas);
  const calls = Array.from({ length: 10 }, () => writer.append([anEntry()]));
  t.strictSame(new Set(await outcomesOf(calls)), new Set(["rejected"]));
  t.equal(attempts, 1, "not once for each");
  await t.rejects(writer.append([anEntry()]), { code: "temporarily_unavailable" });
  isDown = false;
  await t.resolves(writer.append([anEntry()]));
  t.equal((await log.read(0, 10)).entries.length, 1);
});

await t.test("more calls than a transaction takes are written by several, in their order", async (t) => {
  const { log, replicas } = await logOnSqlite(t);
  const writer = writerOf(log, replicas);
  const entries = Array.from({ length: 2500 }, () => anEntry());
  await Promise.all(entries.map((entry) => writer.append([entry])));
  t.strictSame((await log.read(0, 5000)).entries.map(({ value }) => value), entries.map(({ value }) => value));
});

await t.test("a token that another replica revoked is not appended again, and those beside it are", async (t) => {
  const { log, other, replicas } = await logOnSqlite(t);
  const calls: string[] = [];
  const counted = intercepted(log, { before: (method) => { calls.push(method); } });
  const follower = new LogFollower({ log: counted, recovered: () => undefined });
  await follower.current();
  const writer = writerOf(counted, replicas, follower);
  const tokens = Array.from({ length: 3 }, (_, i) => ({ kid: "k", claims: someClaims({ sub: `s${i}` }) as never }));
  const entries = tokens.map(({ claims: { jti } }) => anEntry({ value: jti }));
  await other.append([entries[1] as Entry]);
  calls.length = 0;
  const appended = await Promise.all(tokens.map((token, i) => writer.append([entries[i] as Entry], token)));
  t.strictSame(appended, [true, false, true]);
  t.strictSame(calls, ["read", "append", "read"], "all by one transaction");
  t.ok(entries.every((entry) => follower.index.includes(entry)), "in this replica's memory too");
  t.equal((await log.read(0, 10)).entries.length, 3);
  calls.length = 0;
  t.equal(await writer.append([entries[0] as Entry], tokens[0]), false);
  t.notOk(calls.includes("append"));
});

await t.test("what the log has lost again by the time it is read is not acknowledged", async (t) => {
  const { log, replicas, restore } = await logOnSqlite(t);
  await log.append([anEntry()]);
  let isLost = false;
  const lossy = intercepted(log, {
    after: async (method) => { if (method === "append" && !isLost) { isLost = true; await restore(1); } },
  });
  const follower = new LogFollower({ log: lossy, recovered: () => undefined });
  await follower.current();
  const writer = writerOf(lossy, replicas, follower);
  const entry = anEntry();
  await t.rejects(writer.append([entry]), { code: "temporarily_unavailable", message: /recorded/ });
  t.equal(await writer.append([entry]), true);
  t.strictSame((await log.find([entry])).length, 1);
});
