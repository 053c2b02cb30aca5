import { createHash } from "node:crypto";
import t from "../../support/tap.js";
import { FOREVER } from "../../../src/revocation/entry.js";
import { LogFollower } from "../../../src/revocation/log-follower.js";
import { CutoffIndex } from "../../../src/status-lists/cutoff-index.js";
import { PublishedList, OWNER_SILENCE_LIMIT } from "../../../src/status-lists/published-list.js";
import { encodeToken } from "../../../src/status-lists/record.js";
import { openDatabase } from "../../../src/stores/prisma/database.js";
import { manualClock } from "../../support/app.js";
import { migratedSqlite } from "../../support/services.js";
import { bitAt } from "../../support/status-lists.js";

const ID = "a-list";
const LIVING = { size: 64, closed: false, silentFor: OWNER_SILENCE_LIMIT };

async function fixture(t: Parameters<typeof migratedSqlite>[0]) {
  const { statusLists: store, revocations, close } = await openDatabase(await migratedSqlite(t));
  t.teardown(close);
  const { clock, advance } = manualClock();
  const index = new CutoffIndex(new LogFollower({ log: revocations, recovered: () => undefined }));
  const list = new PublishedList(ID, 64);
  let sequence = 0;
  const issue = (...tokens: [index: number, sub: string, sid?: string][]) => store.append({
    listId: ID, sequence: sequence++, expiresAt: clock() + 60_000,
    records: Buffer.concat(tokens.map(([index, sub, sid]) =>
      encodeToken({ index, sub, sid, issuedAt: clock(), clientId: "c", kid: "k" }))),
  });
  const cut = (value: string, scope: "sub" | "sid" | "client_sid" | "kid" = "sub") => revocations.append([
    { scope, value, issuedBefore: scope === "kid" ? FOREVER : clock() + 1, expiresAt: clock() + 60_000 }]);
  /** The indexes that are INVALID a second later. */
  const read = async (stored = LIVING, by = list): Promise<number[]> => {
    advance(1);
    await index.refresh();
    const bits = await by.read(store, index, stored);
    return Array.from({ length: 64 }, (_, i) => i).filter((i) => bitAt(bits, i) === 1);
  };
  return { store, revocations, clock, list, issue, cut, read };
}

await t.test("cut-offs end tokens that were there before, and that are read after them", async (t) => {
  const { issue, cut, read, clock } = await fixture(t);
  t.strictSame(await read(), []);
  await issue([5, "alice"], [6, "bob"]);
  t.strictSame(await read(), []);
  await issue([7, "alice"]);
  await cut("alice");
  t.strictSame(await read(), [5, 7]);
  await issue([8, "alice"]);
  t.strictSame(await read(), [5, 7], "issued after it");
  await cut("alice");
  t.strictSame(await read(), [5, 7, 8]);
  await cut("k", "kid");
  await issue([9, "carol"]);
  t.strictSame(await read(), [5, 6, 7, 8, 9]);
  t.strictSame(await read(LIVING, new PublishedList(ID, 64)),
    [5, 6, 7, 8, 9], "and for who reads it for the first time");
  t.ok(clock());
});

await t.test("a session's tokens are ended by it, beside tokens that have none, whenever they are read", async (t) => {
  const { issue, cut, read } = await fixture(t);
  await issue([5, "alice", "s-1"], [6, "alice"], [7, "bob", "s-2"]);
  t.strictSame(await read(), []);
  await cut("s-1", "sid");
  t.strictSame(await read(), [5]);
  await issue([8, "carol", "s-1"]);
  t.strictSame(await read(), [5], "not what was issued after it");
  await cut("c:s-2", "client_sid");
  await cut("other:s-1", "client_sid");
  t.strictSame(await read(), [5, 7]);
  await cut("alice");
  t.strictSame(await read(), [5, 6, 7]);
  t.strictSame(await read(LIVING, new PublishedList(ID, 64)), [5, 6, 7], "and for who reads it for the first time");
  const dead = { ...LIVING, silentFor: OWNER_SILENCE_LIMIT + 1 };
  t.strictSame(await read(dead), Array.from({ length: 64 }, (_, i) => i).filter((i) => i !== 8), "it is recorded");
});

await t.test("a batch of a version that recorded no sessions is read, and that version reads today's", async (t) => {
  const { store, clock, cut, read } = await fixture(t);
  // Byte by byte: 34 for a token, with the hashes of its subject, client and key.
  const former = (index: number, sub: string): Buffer => {
    const hashes = [`sub:${sub}`, "client_id:c", "kid:k"]
      .map((name) => createHash("sha256").update(name).digest().subarray(0, 8));
    const head = Buffer.alloc(10);
    head.writeUInt32LE(index);
    head.writeUIntLE(clock(), 4, 6);
    return Buffer.concat([head, ...hashes]);
  };
  const today = (index: number, sub: string, sid?: string): Buffer =>
    encodeToken({ index, sub, sid, issuedAt: clock(), clientId: "c", kid: "k" });
  t.strictSame(today(1, "alice"), former(1, "alice"));
  t.strictSame(today(1, "alice", "s-1").subarray(0, 34), former(1, "alice"));
  t.equal(today(1, "alice", "s-1").length, 68);
  const records = Buffer.concat([former(1, "alice"), former(2, "bob")]);
  await store.append({ listId: ID, sequence: 0, expiresAt: clock() + 60_000, records });
  const mixed = Buffer.concat([today(3, "alice", "s-1"), today(4, "bob", "s-1"), today(5, "bob")]);
  await store.append({ listId: ID, sequence: 1, expiresAt: clock() + 60_000, records: mixed });
  await cut("s-1", "sid");
  t.strictSame(await read(), [3, 4]);
  await cut("bob");
  t.strictSame(await read(), [2, 3, 4, 5]);
});

await t.test("what was revoked one by one is ended, of this list alone", async (t) => {
  const { revocations, clock, read } = await fixture(t);
  const revoke = (jti: string, listId: string, index: number) => revocations.append([
    { scope: "jti", value: jti, issuedBefore: FOREVER, expiresAt: clock() + 60_000, status: { listId, index } },
  ]);
  await revoke("a", ID, 63);
  await revoke("b", "another", 62);
  await revoke("c", ID, 1_000_000);
  t.strictSame(await read(), [63]);
});

await t.test("of an owner who is silent for too long, and did not close, no unrecorded token is valid", async (t) => {
  const { issue, cut, read, list } = await fixture(t);
  await issue([0, "alice"], [9, "bob"], [63, "carol"]);
  await cut("bob");
  const dead = { ...LIVING, silentFor: OWNER_SILENCE_LIMIT + 1 };
  const all = Array.from({ length: 64 }, (_, i) => i);
  t.strictSame(await read(dead), all.filter((i) => i !== 0 && i !== 63));
  await issue([1, "alice"]);
  t.strictSame(await read(dead), all.filter((i) => i !== 0 && i !== 1 && i !== 63));
  t.strictSame(await read(LIVING, list), [9], "an owner that comes back keeps its tokens valid again");
  t.strictSame(await read({ ...dead, closed: true }), [9], "who closed said all");
});
