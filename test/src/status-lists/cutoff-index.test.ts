import t from "../../support/tap.js";
import { type Entry, FOREVER, sessionOfClient, subjectOfClient } from "../../../src/revocation/entry.js";
import { LogFollower } from "../../../src/revocation/log-follower.js";
import { CutoffIndex } from "../../../src/status-lists/cutoff-index.js";
import { encodeToken, RECORD_BYTES } from "../../../src/status-lists/record.js";
import { openDatabase } from "../../../src/stores/prisma/database.js";
import { run } from "../../contracts/dialects.js";
import { anEntry } from "../../contracts/samples.js";
import { migratedSqlite } from "../../support/services.js";

const NOW = Date.now();

async function fixture(t: Parameters<typeof migratedSqlite>[0]) {
  const url = await migratedSqlite(t);
  const { revocations: log, close } = await openDatabase(url);
  t.teardown(close);
  const follower = new LogFollower({ log, recovered: () => undefined });
  const index = new CutoffIndex(follower);
  const aCutoff = (changes: Partial<Entry> = {}): Entry =>
    ({ scope: "sub", value: "alice", issuedBefore: NOW + 1, expiresAt: NOW + 3_600_000, ...changes });
  const isRevoked = (token: Partial<Parameters<typeof encodeToken>[0]> = {}): boolean => {
    const records = encodeToken({ index: 1, issuedAt: NOW, sub: "alice", clientId: "c", kid: "k", ...token });
    return index.cutoffs.covers(records, 0)
      || (records.length > RECORD_BYTES && index.cutoffs.covers(records, RECORD_BYTES));
  };
  return { url, log, follower, index, aCutoff, isRevoked };
}

await t.test("a cut-off revokes tokens issued before it, by each of the three names", async (t) => {
  const { log, index, aCutoff, isRevoked } = await fixture(t);
  await log.append([
    aCutoff(), aCutoff({ scope: "client_id", value: "shop" }),
    aCutoff({ scope: "kid", value: "stolen", issuedBefore: FOREVER, expiresAt: FOREVER }),
  ]);
  t.equal(isRevoked(), false, "not read yet");
  await index.refresh();
  t.strictSame([isRevoked(), isRevoked({ issuedAt: NOW + 1 }), isRevoked({ sub: "bob" })], [true, false, false]);
  t.equal(isRevoked({ sub: "bob", clientId: "shop" }), true);
  t.equal(isRevoked({ sub: "bob", clientId: "alice" }), false, "a client is no subject");
  t.equal(isRevoked({ sub: "bob", kid: "stolen", issuedAt: 2 ** 48 - 1 }), true, "whatever time of issue it claims");
});

await t.test("a cut-off of a subject and a client revokes what both name, and has its own instants", async (t) => {
  const { log, index, aCutoff, isRevoked } = await fixture(t);
  await log.append([
    aCutoff(subjectOfClient("shop", "alice")),
    aCutoff({ ...subjectOfClient("kiosk", "alice"), issuedBefore: NOW + 5, expiresAt: NOW + 1000 }),
  ]);
  await index.refresh();
  const at = (clientId: string, sub = "alice", issuedAt = NOW): boolean => isRevoked({ clientId, sub, issuedAt });
  t.strictSame([at("shop"), at("kiosk"), at("other"), at("shop", "bob")], [true, true, false, false]);
  t.strictSame([at("shop", "alice", NOW + 4), at("kiosk", "alice", NOW + 4)], [false, true]);
  index.cutoffs.sweep(NOW + 1000);
  t.strictSame([at("shop"), at("kiosk")], [true, false], "one that expired takes no other with it");
  await log.append([aCutoff({ issuedBefore: NOW + 9 })]);
  await index.refresh();
  t.strictSame([at("other"), at("shop", "alice", NOW + 8)], [true, true], "one of the subject ends them all");
});

await t.test("a cut-off of a session revokes its tokens, whoever issued them, or those of one client", async (t) => {
  const { log, index, aCutoff, isRevoked } = await fixture(t);
  const sids = ["s-1", "a:b:c", "alice", "zoë 🚲 *?[x]"];
  for (const sid of sids) await log.append([aCutoff(sessionOfClient("shop", sid))]);
  await index.refresh();
  for (const sid of sids) {
    t.strictSame([{ clientId: "shop", sid }, { clientId: "kiosk", sid }, { clientId: "shop" },
      { clientId: "shop", sub: sid }, { clientId: "shop", sid: `${sid}x` }].map(isRevoked),
    [true, false, false, false, false], sid);
    t.equal(isRevoked({ clientId: "shop", sid, issuedAt: NOW + 1 }), false, "issued after it");
  }
  await log.append([aCutoff({ scope: "sid", value: "s-1" }), aCutoff({ value: "carol" })]);
  await index.refresh();
  t.strictSame([isRevoked({ sid: "s-1", clientId: "kiosk" }), isRevoked({ sid: "s-1", clientId: "" }),
    isRevoked({ sid: "s-2" }), isRevoked({ sub: "s-1" })], [true, true, false, false]);
  t.equal(isRevoked({ sub: "carol", sid: "s-3" }), true, "a token of a session by its subject");
});

await t.test("each refresh has everything appended before it, and its revision says what is new", async (t) => {
  const { log, index, aCutoff, isRevoked } = await fixture(t);
  await Promise.all([index.refresh(), index.refresh()]);
  await log.append([aCutoff()]);
  await index.refresh();
  t.equal(isRevoked(), true);
  const { revision } = index;
  await log.append([aCutoff(), anEntry({ value: "alice" })]);
  await index.refresh();
  t.equal(index.revision, revision, "nothing new");
  await log.append([aCutoff({ issuedBefore: NOW + 2 })]);
  await index.refresh();
  t.ok(index.revision > revision, "a later instant is new");
  t.equal(index.cutoffs.since(revision).isEmpty, false);
  t.equal(index.cutoffs.since(index.revision).isEmpty, true);
});

await t.test("of two cut-offs with one name the later instants stay, in any order", async (t) => {
  const { log, index, aCutoff, isRevoked } = await fixture(t);
  await log.append([aCutoff({ issuedBefore: NOW + 5, expiresAt: NOW + 1000 })]);
  await index.refresh();
  await log.append([aCutoff({ issuedBefore: NOW - 59_000, expiresAt: NOW + 2000 })]);
  await index.refresh();
  t.equal(isRevoked({ issuedAt: NOW + 4 }), true);
  index.cutoffs.sweep(NOW + 1999);
  t.equal(isRevoked(), true, "the longer life too");
});

await t.test("what expired is forgotten, and nothing else", async (t) => {
  const { log, index, aCutoff, isRevoked } = await fixture(t);
  await log.append([aCutoff({ expiresAt: NOW + 1000 }), aCutoff({ value: "bob" })]);
  await index.refresh();
  index.cutoffs.sweep(NOW + 999);
  t.equal(isRevoked(), true);
  index.cutoffs.sweep(NOW + 1000);
  t.strictSame([isRevoked(), isRevoked({ sub: "bob" })], [false, true]);
  await index.refresh();
  t.strictSame([isRevoked(), isRevoked({ sub: "bob" })], [false, true], "and does not come back");
});

await t.test("after the log lost entries, the cut-offs are those that it holds now", async (t) => {
  const { url, log, follower, index, aCutoff, isRevoked } = await fixture(t);
  await log.append([aCutoff()]);
  await index.refresh();
  await log.append([aCutoff({ value: "bob" })]);
  await index.refresh();
  const { revision } = index;
  await run(url, "DELETE FROM revocation_log WHERE position > 1");
  await run(url, "UPDATE revocation_log_head SET position = 1");
  await log.append([aCutoff({ value: "carol" })]);
  await follower.current();
  await index.refresh();
  t.strictSame(["alice", "bob", "carol", "dave"].map((sub) => isRevoked({ sub })), [true, true, true, false]);
  t.equal(index.cutoffs.since(revision).isEmpty, false, "a list that was read before learns of what is new");
});

await t.test("an index that is made after the log was read has everything", async (t) => {
  const { log, follower, aCutoff } = await fixture(t);
  await log.append(Array.from({ length: 2100 }, (_, i) => aCutoff({ value: `user-${i}` })));
  await follower.current();
  const index = new CutoffIndex(follower);
  await index.refresh();
  const missing = Array.from({ length: 2100 }, (_, i) => `user-${i}`).filter((sub) => !index.cutoffs.covers(
    encodeToken({ index: 1, issuedAt: NOW, sub, clientId: "c", kid: "k" }), 0));
  t.strictSame(missing, []);
});

await t.test("while the log takes too long to be read, the cut-offs are unavailable", async (t) => {
  const { log } = await fixture(t);
  const read = () => new Promise<never>(() => undefined);
  const index = new CutoffIndex(new LogFollower({ log: { ...log, read }, recovered: () => undefined }));
  await t.rejects(index.refresh(), { code: "temporarily_unavailable" });
});
