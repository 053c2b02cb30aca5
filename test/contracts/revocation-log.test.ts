import { setImmediate as nextTurn } from "node:timers/promises";
import t from "../support/tap.js";
import { type Entry, FOREVER } from "../../src/revocation/entry.js";
import type { LogEntry, RevocationLog } from "../../src/revocation/log.js";
import { migrate } from "../../src/stores/prisma/migrate.js";
import { openDatabase } from "../../src/stores/prisma/database.js";
import { ownedPostgres } from "../support/roles.js";
import { postgresServer } from "../support/servers.js";
import { rowsOf } from "../support/sql.js";
import { until } from "../e2e/support.js";
import { onEveryDialect, run, startJob } from "./dialects.js";
import { aCutoff, anEntry, nextId, NOW } from "./samples.js";

const withoutPlaces = (entries: LogEntry[]): Entry[] =>
  entries.map(({ position: _position, tag: _tag, ...entry }) => entry);
/** The same database for the administrator. */
const urlOfServer = (url: string): string =>
  Object.assign(new URL(postgresServer()), { pathname: new URL(url).pathname }).href;
const positionsOf = (entries: LogEntry[]): number[] => entries.map(({ position }) => position);
const valuesOf = (entries: Entry[]): string[] => entries.map(({ value }) => value);
const countFrom = (first: number, count: number): number[] => Array.from({ length: count }, (_, i) => first + i);

/** The position of the last entry; 0 in an empty log. */
async function lastPosition(log: RevocationLog): Promise<number> {
  let last = 0;
  for (;;) {
    const page = (await log.read(last + 1, 10_000)).entries;
    if (page.length === 0) return last;
    last = page.at(-1)?.position ?? 0;
  }
}

/** The database as a backup held it when `position` was the last one. */
async function restore(url: string, position: number): Promise<void> {
  await run(url, `DELETE FROM revocation_log WHERE position > ${position}`);
  await run(url, `UPDATE revocation_log_head SET position = ${position}`);
}

await onEveryDialect(t, async (t, { url, open }) => {
  const [{ revocations: log }, { revocations: other }] = [await open(), await open()];

  await t.test("a new log is empty, and its horizon lies in the past", async (t) => {
    t.strictSame((await log.read(0, 10)).entries, []);
    t.strictSame(await log.find([anEntry()]), []);
    t.ok(await log.horizon() < Date.now());
    t.equal(await log.sweep(10), 0);
  });

  await t.test("entries are appended in order, for every instance, each with a tag of its own", async (t) => {
    const entries = [
      anEntry(), aCutoff(), aCutoff({ scope: "client_id" }), aCutoff({ scope: "kid", issuedBefore: FOREVER }),
      anEntry({ value: "Łukasz 🚲 \\u0000 \"'", status: { listId: "a-list", index: 7 } }),
    ];
    await log.append(entries.slice(0, 3));
    await other.append(entries.slice(3));
    const found = (await other.read(0, 10)).entries;
    t.strictSame(withoutPlaces(found), entries);
    t.strictSame(positionsOf(found), countFrom(1, 5));
    for (const { tag } of found) t.match(tag, /^[0-9a-f]{8}$/);
    t.equal(new Set(found.map(({ tag }) => tag)).size, 5);
    t.strictSame((await log.read(0, 10)).entries, found);
  });

  await t.test("a page names the history of commits that it comes from, on PostgreSQL", async (t) => {
    const { history } = await log.read(0, 10);
    if (url.startsWith("file:")) return void t.equal(history, null);
    t.match(history, /^[0-9a-f]{16}$/);
    t.equal((await other.read(3, 1)).history, history);
    t.equal((await other.read(1e6, 1)).history, history, "also where there is no entry");
  });

  await t.test("read begins at a position, inclusive, and ends at its limit", async (t) => {
    const all = (await log.read(0, 1000)).entries;
    for (const limit of [1, 3, 1000]) {
      for (const from of countFrom(0, 8)) {
        const expected = all.filter(({ position }) => position >= from).slice(0, limit);
        t.strictSame((await other.read(from, limit)).entries, expected, `${limit} from ${from}`);
      }
    }
  });

  await t.test("find returns every entry with one of the names, and no other", async (t) => {
    const value = nextId();
    const cutoffs = [aCutoff({ value }), aCutoff({ value, issuedBefore: NOW + 5 })];
    const [token, key] = [anEntry({ value }), aCutoff({ scope: "kid", value })];
    await log.append([...cutoffs, token, key, anEntry()]);
    const byInstant = (a: Entry, b: Entry) => a.issuedBefore - b.issuedBefore;
    const find = async (...names: Parameters<RevocationLog["find"]>[0]) =>
      withoutPlaces(await other.find(names) as LogEntry[]).sort(byInstant);
    t.strictSame(await find({ scope: "sub", value }), cutoffs);
    t.strictSame(await find({ scope: "jti", value }, { scope: "client_id", value }), [token]);
    t.strictSame(await find({ scope: "jti", value: nextId() }, key), [key]);
    t.strictSame(await find({ scope: "sub", value: `${value} ` }), []);
    t.strictSame(await find({ scope: "sub", value: "nul\0" }), []);
    t.strictSame(await find(), []);
  });

  await t.test("all entries of a call are appended, or none", async (t) => {
    const before = await lastPosition(log);
    const [good, bad] = [anEntry(), anEntry({ value: "nul\0" })];
    await t.rejects(log.append([good, bad]), TypeError);
    await t.rejects(log.append([good, anEntry({ expiresAt: NaN })]), "refused by the database");
    t.strictSame(await log.find([good]), []);
    await log.append([good]);
    t.strictSame(positionsOf((await log.read(before + 1, 10)).entries), [before + 1], "and leaves no gap");
  });

  await t.test("instants are whole, and no later than clocks can hold", async (t) => {
    const before = await lastPosition(log);
    await log.append([
      aCutoff({ issuedBefore: NOW + 0.25, expiresAt: NOW + 0.5 }),
      anEntry({ issuedBefore: Infinity, expiresAt: Infinity }),
      anEntry({ expiresAt: Number.MAX_SAFE_INTEGER }), aCutoff({ issuedBefore: 1e300, expiresAt: 1e300 }),
      aCutoff({ issuedBefore: 0, expiresAt: -1 }),
    ]);
    const found = (await other.read(before + 1, 10)).entries;
    t.strictSame(found.map(({ issuedBefore, expiresAt }) => [issuedBefore, expiresAt]), [
      [NOW + 1, NOW + 1], [FOREVER, FOREVER], [FOREVER, FOREVER], [FOREVER, FOREVER], [0, -1],
    ]);
  });

  await t.test("an entry whose instant is no number is never taken for one that revokes nothing", async (t) => {
    if (url.startsWith("file:")) {
      const before = await lastPosition(log);
      await log.append([aCutoff()]);
      const [entry] = (await log.read(before + 1, 1)).entries as [LogEntry];
      for (const column of ["issued_before", "expires_at"]) {
        const was = column === "issued_before" ? entry.issuedBefore : entry.expiresAt;
        await run(url, `UPDATE revocation_log SET ${column} = '01.01.2026' WHERE position = ${entry.position}`);
        await t.rejects(log.read(before + 1, 10), column);
        await t.rejects(log.find([entry]), column);
        await run(url, `UPDATE revocation_log SET ${column} = ${was} WHERE position = ${entry.position}`);
      }
      t.strictSame((await log.read(before + 1, 10)).entries, [entry]);
    } else {
      const name = new URL(url).pathname.slice(1);
      await run(url, `ALTER DATABASE ${name} SET datestyle = 'German, DMY'`);
      const { revocations: german } = await open();
      const [before, cutoff] = [await lastPosition(log), aCutoff()];
      await german.append([cutoff]);
      t.strictSame(withoutPlaces((await german.read(before + 1, 10)).entries), [cutoff]);
      t.strictSame(withoutPlaces((await log.read(before + 1, 10)).entries), [cutoff]);
      t.match(await german.find([cutoff]), [cutoff]);
      await run(url, `ALTER DATABASE ${name} RESET datestyle`);
    }
  });

  await t.test("a reader beside many writers sees every entry once, and nothing before an earlier one", async (t) => {
    const { revocations: reader } = await open();
    const start = await lastPosition(log);
    const seen: LogEntry[] = [];
    const read = async () => { seen.push(...(await reader.read((seen.at(-1)?.position ?? start) + 1, 1000)).entries); };
    const calls: string[][] = [];
    let writing = true;
    const jobs = Promise.all([1, 2].map(() => startJob("append", url, "", "15").ended));
    const lanes = Promise.all(Array.from({ length: 8 }, async (_, lane) => {
      for (let n = 0; n < 15; n++) {
        const entries = Array.from({ length: 1 + n % 3 }, () => anEntry());
        await (lane % 2 === 0 ? log : other).append(entries);
        calls.push(valuesOf(entries));
      }
    }));
    const writers = Promise.all([jobs, lanes]).finally(() => { writing = false; });
    while (writing) {
      await read();
      await nextTurn(); // SQLite answers without I/O: without this, the writers would never run
    }
    const [processes] = await writers;
    await read();
    t.strictSame(processes.map(({ code }) => code), [0, 0]);
    calls.push(...processes.flatMap(({ lines }) => lines.map((line) => line.split(" "))));
    t.equal(calls.length, 2 * 4 * 15 + 8 * 15);
    t.strictSame(positionsOf(seen), countFrom(start + 1, calls.flat().length), "without a gap");
    const all: LogEntry[] = [];
    const next = async () => (await log.read((all.at(-1)?.position ?? start) + 1, 1000)).entries;
    do all.push(...await next()); while (all.length % 1000 === 0);
    t.strictSame(all, seen, "nothing arrived behind the reader");
    const indexOf = new Map(valuesOf(seen).map((value, i) => [value, i]));
    t.strictSame([...indexOf.keys()].sort(), calls.flat().sort());
    const apart = calls.filter((values) =>
      values.some((value, i) => indexOf.get(value) !== (indexOf.get(values[0] as string) ?? NaN) + i));
    t.strictSame(apart, [], "the entries of a call stay together, in their order");
  });

  await t.test("a call that begins after another has ended gets higher positions", async (t) => {
    const start = await lastPosition(log);
    const values: string[] = [];
    for (let i = 0; i < 10; i++) {
      const entry = anEntry();
      values.push(entry.value);
      await (i % 2 === 0 ? log : other).append([entry]);
    }
    t.strictSame(valuesOf((await other.read(start + 1, 100)).entries), values);
  });

  await t.test("positions are above the one that is asked for, and go on from there", async (t) => {
    const start = await lastPosition(log);
    const above = start + 1000;
    await log.append([anEntry(), anEntry()], above);
    await other.append([anEntry()], start);
    await other.append([anEntry()]);
    await Promise.all([log, other].map((one) => one.append([anEntry()], above + 50)));
    t.strictSame(positionsOf((await log.read(start + 1, 10)).entries),
      [above + 1, above + 2, above + 3, above + 4, above + 51, above + 52]);
  });

  await t.test("a log that was restored uses positions again, with other tags", async (t) => {
    await log.append([anEntry()]);
    const kept = await lastPosition(log);
    await log.append([anEntry(), anEntry()]);
    const lost = (await log.read(kept + 1, 10)).entries;
    await restore(url, kept);
    t.strictSame((await other.read(kept + 1, 10)).entries, []);
    await other.append([anEntry(), anEntry()]);
    const found = (await log.read(kept + 1, 10)).entries;
    t.strictSame(positionsOf(found), positionsOf(lost));
    t.strictSame(found.filter(({ tag }, i) => tag === lost[i]?.tag), []);
  });

  await t.test("the horizon moves only from where it is; of many who move it at once, one does", async (t) => {
    const from = await log.horizon();
    t.equal(await other.moveHorizon(from - 1, from + 1000), false);
    t.equal(await other.horizon(), from);
    t.equal(await other.moveHorizon(from, from + 1000), true);
    t.equal(await log.horizon(), from + 1000);
    const moved = await Promise.all(Array.from({ length: 10 }, (_, i) =>
      (i % 2 === 0 ? log : other).moveHorizon(from + 1000, from + 2000 + i)));
    t.equal(moved.filter(Boolean).length, 1);
    t.equal(await other.horizon(), from + 2000 + moved.indexOf(true));
    t.equal(await log.moveHorizon(await log.horizon(), from), true, "also back");
    t.equal(await other.horizon(), from);
  });

  await t.test("sweep deletes what expired by the horizon, up to its limit, and no other", async (t) => {
    await log.append([anEntry({ expiresAt: FOREVER })]);
    while (await log.sweep(1000) > 0) { /* what earlier tests left */ }
    const before = await log.horizon() + 5000;
    const kept = [anEntry({ expiresAt: before + 1 }), anEntry({ expiresAt: FOREVER })];
    const expired = Array.from({ length: 300 }, (_, i) => anEntry({ expiresAt: before - i % 3 }));
    await log.append([...expired.slice(0, 150), ...kept, ...expired.slice(150)]);
    await log.append([anEntry({ expiresAt: FOREVER })]);
    t.equal(await log.sweep(1000), 0, "the horizon has not reached them");
    await log.moveHorizon(await log.horizon(), before);
    t.equal(await log.sweep(120), 120);
    const swept = await Promise.all([log, other, log, other].map((one) => one.sweep(100)));
    t.equal(swept.reduce((sum, count) => sum + count) + await log.sweep(1000), 180);
    t.strictSame(await other.find(expired.slice(0, 100)), []);
    t.equal((await other.find(kept)).length, 2);
  });

  await t.test("sweep never deletes the last entry, so that its place stays known", async (t) => {
    const horizon = await log.horizon();
    await log.append([anEntry({ expiresAt: horizon }), anEntry({ expiresAt: horizon })]);
    const last = await lastPosition(log);
    t.equal(await log.sweep(1000), 1);
    t.equal(await other.sweep(1000), 0);
    t.strictSame(positionsOf((await log.read(last, 10)).entries), [last]);
    await log.append([anEntry()]);
    t.ok(await other.sweep(1000) >= 1, "now it is not the last one any more");
    t.strictSame(positionsOf((await log.read(last, 10)).entries), [last + 1]);
  });

  await t.test("PostgreSQL notifies every instance of an append, until it stops listening", async (t) => {
    if (url.startsWith("file:")) return t.pass("a SQLite file has one process: polling suffices");
    const [listener, deaf] = [await open(), await open()];
    const heard = [0, 0];
    const stop = [listener, deaf].map((database, i) => database.listen(() => { heard[i] = (heard[i] as number) + 1; }));
    t.teardown(() => stop[0]?.());
    await until("both are notified", async () => {
      await log.append([anEntry()]);
      return heard.every((count) => count > 0);
    });
    await stop[1]?.();
    const [before, silent] = heard as [number, number];
    await log.append([anEntry()]);
    await until("one is notified again", () => (heard[0] as number) > before);
    t.equal(heard[1], silent);
  });
});

await onEveryDialect(t, async (t, { url, open }) => {
  await t.test("nothing is appended to a log whose head is gone, until a process starts", async (t) => {
    const { revocations: log, installation } = await open();
    await log.append([anEntry(), anEntry()]);
    await run(url, "DELETE FROM revocation_log_head");
    await t.rejects(log.append([anEntry()]), { status: 503, message: /revocation_log_head is empty/ });
    await t.rejects(log.horizon(), { status: 503, message: /revocation_log_head is empty/ });
    t.equal((await log.read(0, 10)).entries.length, 2);
    await installation.load();
    t.ok(await log.horizon() < Date.now());
    await log.append([anEntry()]);
    t.strictSame(positionsOf((await log.read(0, 10)).entries), [1, 2, 3], "behind the log's end");
  });
});

await t.test("a role that may not ask PostgreSQL for its timeline knows the history without it", async (t) => {
  const url = await ownedPostgres(t);
  if (url === undefined) return;
  await migrate(url);
  await rowsOf(urlOfServer(url), "REVOKE EXECUTE ON FUNCTION pg_walfile_name(pg_lsn) FROM PUBLIC");
  const { revocations: log, close } = await openDatabase(url);
  t.teardown(close);
  const entry = anEntry();
  await log.append([entry]);
  for (let i = 0; i < 2; i++) {
    const { entries, history } = await log.read(0, 10);
    t.strictSame(withoutPlaces(entries), [entry]);
    t.match(history, /^[0-9a-f]{16}$/);
  }
});
