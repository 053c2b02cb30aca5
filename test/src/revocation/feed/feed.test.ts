import { mkdirSync, rmSync } from "node:fs";
import t, { type Test } from "../../../support/tap.js";
import { eventStreamText } from "../../../../plugins/http/server-sent-events.js";
import { type Entry, FOREVER } from "../../../../src/revocation/entry.js";
import type { FeedMessage } from "../../../../src/revocation/feed/event.js";
import { Feed, type Subscriber } from "../../../../src/revocation/feed/feed.js";
import { LogFollower } from "../../../../src/revocation/log-follower.js";
import { openDatabase } from "../../../../src/stores/prisma/database.js";
import { MAX_CLOCK_ERROR } from "../../../../src/shared/clock.js";
import { until } from "../../../e2e/support.js";
import { run } from "../../../contracts/dialects.js";
import { aCutoff, anEntry, NOW } from "../../../contracts/samples.js";
import { entryOf } from "../../../support/feed.js";
import { migratedSqlite } from "../../../support/services.js";
import { intercepted } from "../log-on-sqlite.js";

/** Takes one part at a time: while it is slow, the next one waits until `goOn` is called. */
class Reader implements Subscriber {
  text = "";
  gone = false;
  slow = false;
  ended = false;
  waits: Promise<void> | undefined;
  #goOn = (): void => undefined;

  send(messages: readonly FeedMessage[]): boolean {
    this.text += eventStreamText(messages).toString();
    return !this.slow;
  }
  drained(): Promise<void> {
    this.waits = new Promise((resolve) => { this.#goOn = resolve; });
    return this.waits;
  }
  end(): void { this.ended = true; }
  async hasToWait(): Promise<void> {
    this.waits = undefined;
    await until("it has to wait", () => this.waits !== undefined);
  }
  /** Takes the next part, and stays slow. */
  step(): void { this.#goOn(); }
  goOn(): void {
    this.slow = false;
    this.#goOn();
  }
  /** What it received: the name of each event or, of a revocation after the snapshot, its position. */
  get received(): string[] {
    return [...this.text.matchAll(/event: (.*)\n(?:id: (.*)\n)?/g)].map(([, name = "", id]) =>
      name === "revoked" && id !== undefined ? `${Number.parseInt(id.slice("log.".length), 10)}` : name);
  }
  get lastEventId(): string {
    return [...this.text.matchAll(/^id:(.*)$/gm)].at(-1)?.[1]?.trim() ?? "";
  }
  /** The entries since the last reset. */
  get known(): string[] {
    const since = this.text.slice(Math.max(0, this.text.lastIndexOf("event: reset")));
    return [...new Set([...since.matchAll(/^data: (\[.*\])$/gm)].flatMap(([, data = ""]) =>
      (JSON.parse(data) as Record<string, unknown>[]).map(entryOf)))].sort();
  }
}

/** Long enough that a log which was restored gets them back. */
const LIVE = { expiresAt: Date.now() + 3_600_000 };
const UNAVAILABLE = { code: "temporarily_unavailable" };

async function feedOn(t: Test) {
  const url = await migratedSqlite(t);
  const { revocations, close } = await openDatabase(url);
  t.teardown(close);
  const answers: (() => Promise<unknown>)[] = [];
  const log = intercepted(revocations, {
    after: (method) => (method === "read" ? answers.shift()?.() : undefined),
  });
  const follower = new LogFollower({ log, recovered: () => undefined });
  let now = NOW;
  const feed = new Feed({ log, follower, clock: () => now });
  return {
    feed, follower, log: revocations,
    advance: () => follower.current(),
    pass: (milliseconds: number) => { now += milliseconds; },
    /** Runs `work` when the log has been read, before its next answer arrives. */
    beforeAnswer: (work: () => Promise<unknown>) => { answers.push(work); },
    /** Subscribes at the place where the log is now. */
    start: async (): Promise<string> => {
      const reader = new Reader();
      await feed.subscribe(reader);
      reader.gone = true;
      feed.leave(reader);
      return reader.lastEventId;
    },
    lose: async () => {
      await close(); // it connects again when it is asked again
      for (const suffix of ["", "-wal", "-shm"]) rmSync(url.slice("file:".length) + suffix, { force: true });
      mkdirSync(url.slice("file:".length)); // a folder can't be opened as a database
    },
    /** The log as a backup held it when `position` was the last one. */
    restore: async (position: number) => {
      await run(url, `DELETE FROM revocation_log WHERE position > ${position}`);
      await run(url, `UPDATE revocation_log_head SET position = ${position}`);
    },
    /** Past this replica, as another one does. */
    record: (count: number) => revocations.append(Array.from({ length: count }, () => anEntry(LIVE))),
  };
}

await t.test("what happens while a subscriber catches up slowly it receives in its turn, once", async (t) => {
  const { feed, start, advance, record } = await feedOn(t);
  const [place, quick, slow] = [await start(), new Reader(), new Reader()];
  await feed.subscribe(quick, place);
  await record(1100);
  slow.slow = true;
  const subscribed = feed.subscribe(slow, place);
  await slow.hasToWait();
  await record(3);
  await advance();
  slow.goOn();
  await subscribed;
  await record(1);
  await advance();
  const positions = Array.from({ length: 1103 }, (_, i) => `${i + 1}`);
  t.strictSame(quick.received, ["current", ...positions, "1104"]);
  t.strictSame(slow.received, [...positions, "current", "1104"]);
});

await t.test("what is appended while the log answers is sent too, once", async (t) => {
  const { feed, start, advance, record, beforeAnswer } = await feedOn(t);
  const [place, reader] = [await start(), new Reader()];
  await record(1);
  beforeAnswer(() => record(2)); // by another replica
  await feed.subscribe(reader, place);
  await record(1);
  await advance();
  t.strictSame(reader.received.filter((name) => name !== "current"), ["1", "2", "3", "4"]);
  t.equal(reader.received.filter((name) => name === "current").length, 1);
});

await t.test("current has everything that the log held at the time of the call", async (t) => {
  const { feed, start, record } = await feedOn(t);
  const place = await start();
  for (let i = 1; i <= 5; i++) {
    await record(1);
    const reader = new Reader();
    await feed.subscribe(reader, place);
    t.strictSame(reader.received, [...Array.from({ length: i }, (_, k) => `${k + 1}`), "current"]);
  }
});

await t.test("a subscriber that was ahead of this replica receives nothing twice", async (t) => {
  const { feed, log, start, advance, record } = await feedOn(t);
  await start();
  await record(3); // by another replica, where it received them
  const { position, tag } = ((await log.read(3, 1)).entries)[0] ?? { position: 0, tag: "" };
  const reader = new Reader();
  await feed.subscribe(reader, `log.${String(position).padStart(15, "0")}-${tag}`);
  t.strictSame(reader.received, ["current"]);
  await record(2);
  await advance();
  t.strictSame(reader.received, ["current", "4", "5"]);
});

await t.test("one that comes back to an old place receives page after page", async (t) => {
  const { feed, start, log } = await feedOn(t);
  const [place, reader] = [await start(), new Reader()];
  await log.append(Array.from({ length: 2500 }, () => anEntry()));
  await feed.subscribe(reader, place);
  t.strictSame(reader.received, [...Array.from({ length: 2500 }, (_, i) => `${i + 1}`), "current"]);
});

await t.test("without a place, or with one that is not in the log, everything is sent", async (t) => {
  const { feed, follower, log, start, advance } = await feedOn(t);
  const entries = [...Array.from({ length: 5000 }, () => anEntry({ value: crypto.randomUUID() })),
    anEntry(), aCutoff(), aCutoff({ scope: "client_id" }), aCutoff({ scope: "kid", issuedBefore: FOREVER })];
  await log.append(entries);
  const head = await start();
  const expected = entries.map(({ scope, value }) => (scope === "jti" ? value : `${scope}=${value}`)).sort();
  const number = String(follower.place.position).padStart(15, "0");
  for (const id of [undefined, "", "nonsense", `log.${number}`, `log.${number}-00000000`, `${head}0`, ` ${head}`,
    head.toUpperCase(), head.slice(0, -1), "log.999999999999999-00000000", "journal.000000000000001-00000000",
    "00000000-0000-4000-8000-000000000000.1764000000000-000000", "log.000000000000000-00000000"]) {
    const reader = new Reader();
    await feed.subscribe(reader, id);
    t.equal(reader.received[0], "reset", JSON.stringify(id));
    t.equal(reader.received[1], "issued_before", "cut-offs first: they are few and revoke many tokens");
    t.equal(reader.received.at(-1), "current");
    t.strictSame(reader.known, expected);
    t.equal(reader.lastEventId, head);
    t.strictSame(reader.text.split("\n").filter((line) => Buffer.byteLength(line) > 16 * 1024), []);
    t.strictSame([...reader.text.matchAll(/^id:.*$/gm)].length, 2, "no place until all of it was sent");
    feed.leave(reader);
  }
  const before = new Reader();
  await feed.subscribe(before, "log.000000000000000");
  t.equal(before.received.length, entries.length + 1, "the place before the first entry is one");
  t.notOk(before.received.includes("reset"));
  await advance();
});

await t.test("lines stay below 16 KB where every character takes three bytes", async (t) => {
  const { feed, log } = await feedOn(t);
  await log.append(Array.from({ length: 500 }, (_, i) => aCutoff({ value: `${i}`.padEnd(255, "語") })));
  const reader = new Reader();
  await feed.subscribe(reader);
  t.equal(reader.known.length, 500);
  t.strictSame(reader.text.split("\n").filter((line) => Buffer.byteLength(line) > 16 * 1024), []);
});

await t.test("what is appended while everything is sent follows it, and nothing is missing", async (t) => {
  const { feed, log, advance } = await feedOn(t);
  await log.append(Array.from({ length: 9000 }, () => anEntry({ value: crypto.randomUUID() })));
  const slow = new Reader();
  slow.slow = true;
  const subscribed = feed.subscribe(slow);
  for (let i = 0; i < 4; i++) {
    await slow.hasToWait();
    await log.append([anEntry({ value: crypto.randomUUID() }), aCutoff()]);
    await advance();
    slow.step();
  }
  await slow.hasToWait();
  slow.goOn();
  await subscribed;
  t.equal(slow.received.at(-1), "current");
  const expected = ((await log.read(0, 20_000)).entries)
    .map(({ scope, value }) => (scope === "jti" ? value : `${scope}=${value}`)).sort();
  t.strictSame(slow.known, expected);
});

await t.test("many subscribers share the parts of everything", async (t) => {
  const { feed, log, follower } = await feedOn(t);
  const many = (make: () => Entry): Entry[] => Array.from({ length: 9000 }, make);
  await log.append([
    ...many(() => anEntry({ value: crypto.randomUUID() })), ...many(() => anEntry()), ...many(() => aCutoff()),
  ]);
  const lists = new Set<readonly FeedMessage[]>();
  class Collector extends Reader {
    override send(messages: readonly FeedMessage[]): boolean {
      if (messages.some(({ name, id }) => name === "revoked" && id === undefined)) lists.add(messages);
      return super.send(messages);
    }
  }
  const readers = Array.from({ length: 20 }, () => new Collector());
  await Promise.all(readers.map((reader) => feed.subscribe(reader)));
  for (const reader of readers) t.equal(reader.known.length, [...follower.index.entries()].length);
  t.ok(lists.size < 2 * (16 + 8), `${lists.size} parts were made for 20 subscribers`);
  const largest = Math.max(...[...lists].map((messages) => messages.flatMap(({ data }) => data).length));
  t.ok(largest < 4 * 2000, `the largest of them has ${largest} entries, whatever it is that was revoked`);
});

await t.test("a part of everything is made anew after ten seconds, without what expired meanwhile", async (t) => {
  const { feed, log, advance, pass } = await feedOn(t);
  const [short, long] = [anEntry({ expiresAt: NOW + 1000 }), anEntry({ expiresAt: NOW + 3_600_000 })];
  await log.append([short, long]);
  const first = new Reader();
  await feed.subscribe(first);
  const later = anEntry({ expiresAt: NOW + 3_600_000 });
  await log.append([later]);
  await advance();
  const known = async (): Promise<[string[], string[]]> => {
    const reader = new Reader();
    await feed.subscribe(reader);
    return [reader.received, reader.known];
  };
  t.strictSame(await known(),
    [["reset", "revoked", "3", "current"], [short, long, later].map(({ value }) => value).sort()]);
  pass(MAX_CLOCK_ERROR + 999);
  t.strictSame((await known())[1], [short, long, later].map(({ value }) => value).sort(),
    "by a slower clock the short one may still live");
  pass(10_000);
  t.strictSame(await known(), [["reset", "revoked", "current"], [long, later].map(({ value }) => value).sort()]);
});

await t.test("what the log lost at its end is sent again, also to one that was catching up", async (t) => {
  const { feed, start, advance, record, restore, log } = await feedOn(t);
  const [place, reader, slow] = [await start(), new Reader(), new Reader()];
  await record(1100);
  await feed.subscribe(reader, place);
  const lostPlace = reader.lastEventId;
  slow.slow = true;
  const subscribed = feed.subscribe(slow, place);
  await slow.hasToWait();
  await restore(5);
  await record(2); // other entries at places that were used before
  await advance();
  slow.goOn();
  await subscribed;
  const entries = (await log.read(0, 5000)).entries;
  const expected = entries.map(({ value }) => value).sort();
  t.equal(expected.length, 1102, "nothing is lost: this replica knew it");
  t.strictSame([reader.known, slow.known], [expected, expected]);
  const again = entries.slice(5).map(({ position }) => `${position}`);
  t.strictSame(reader.received, [...Array.from({ length: 1100 }, (_, i) => `${i + 1}`), "current", ...again]);
  const late = new Reader();
  await feed.subscribe(late, lostPlace);
  t.equal(late.received[0], "reset", "a place that is not in the log any more");
  t.strictSame(late.known, expected);
});

await t.test("where the log lost everything everyone gets everything, also one that was catching up", async (t) => {
  const { feed, start, advance, record, restore, log } = await feedOn(t);
  const [place, reader, slow] = [await start(), new Reader(), new Reader()];
  await record(1100);
  await feed.subscribe(reader, place);
  slow.slow = true;
  const subscribed = feed.subscribe(slow, place);
  await slow.hasToWait();
  await restore(0);
  await record(2); // other entries at places that were used before
  await advance();
  slow.goOn();
  await subscribed;
  const count = reader.received.indexOf("reset");
  await until("everything was received", () => reader.received.slice(count + 1).includes("current"));
  t.equal(count, 1101);
  const expected = (await log.read(0, 5000)).entries.map(({ value }) => value).sort();
  t.equal(expected.length, 1102, "nothing is lost: this replica knew it");
  for (const one of [reader, slow]) {
    t.strictSame(one.known, expected);
    t.equal(one.received.filter((name) => name === "reset").length, 1);
  }
  await record(1);
  await advance();
  const last = (await log.read(0, 5000)).entries.at(-1)?.position;
  for (const { received } of [reader, slow]) t.equal(received.at(-1), `${last}`);
});

await t.test("a subscriber that leaves while it catches up receives nothing more", async (t) => {
  const { feed, start, advance, record } = await feedOn(t);
  const [place, slow] = [await start(), new Reader()];
  await record(2100);
  slow.slow = true;
  const subscribed = feed.subscribe(slow, place);
  await slow.hasToWait();
  slow.gone = true;
  slow.goOn();
  await subscribed;
  await record(1);
  await advance();
  t.equal(slow.received.length, 1000);
  t.equal(feed.subscribers, 0);
});

await t.test("closing ends all streams, also in a catch-up; none begins later", async (t) => {
  const { feed, start, log } = await feedOn(t);
  const [place, reader, slow, late] = [await start(), new Reader(), new Reader(), new Reader()];
  await feed.subscribe(reader, place);
  await log.append(Array.from({ length: 1100 }, () => anEntry()));
  slow.slow = true;
  const catchingUp = feed.subscribe(slow, place);
  await slow.hasToWait();
  const beginning = feed.subscribe(late).catch((error: unknown) => error);
  feed.close();
  slow.goOn();
  await catchingUp;
  await beginning;
  t.ok(reader.ended && slow.ended);
  t.notOk(late.received.includes("current"), "nobody who came before is up to date now");
  t.equal(slow.received.length, 1000);
  t.notOk(slow.received.includes("current"));
  const refused = new Reader();
  await t.rejects(feed.subscribe(refused, place), UNAVAILABLE);
  await t.rejects(feed.page(10), UNAVAILABLE);
  t.equal(refused.text, "");
  t.equal(feed.subscribers, 0);
});

await t.test("a stream that can't be continued is ended, one that has not begun is refused", async (t) => {
  const { feed, start, log, lose } = await feedOn(t);
  const [place, slow] = [await start(), new Reader()];
  await log.append(Array.from({ length: 1100 }, () => anEntry()));
  slow.slow = true;
  const subscribed = feed.subscribe(slow, place);
  await slow.hasToWait();
  await lose();
  slow.goOn();
  await subscribed;
  t.equal(slow.ended, true);
  t.notOk(slow.received.includes("current"));
  const refused = new Reader();
  await t.rejects(feed.subscribe(refused, place), UNAVAILABLE);
  await t.rejects(feed.page(10), UNAVAILABLE);
  t.equal(refused.text, "");
  t.equal(feed.subscribers, 0);
});

await t.test("a log that does not answer makes a newcomer wait for two seconds at most", async (t) => {
  const { feed, beforeAnswer, advance, record } = await feedOn(t);
  await advance();
  const awake = setInterval(() => undefined, 1000); // the service has its server
  t.teardown(() => { clearInterval(awake); });
  let answer = (): void => undefined;
  beforeAnswer(() => new Promise<void>((resolve) => { answer = resolve; }));
  const refused = new Reader();
  await t.rejects(feed.subscribe(refused), UNAVAILABLE);
  t.equal(refused.text, "");
  answer();
  await until("the log is known to answer again", () => advance().then(() => true, () => false));
  await record(1);
  const reader = new Reader();
  await feed.subscribe(reader);
  t.strictSame(reader.received, ["reset", "revoked", "current"]);
});

await t.test("a heartbeat comes every 15 s; after two seconds of outage the streams end", async (t) => {
  const { feed, start, pass } = await feedOn(t);
  const [place, reader] = [await start(), new Reader()];
  feed.beat();
  await feed.subscribe(reader, place);
  const beats = () => reader.received.filter((name) => name === "heartbeat").length;
  for (const [milliseconds, expected] of [[14_999, 0], [1, 1], [14_999, 1], [1, 2], [60_000, 3]] as const) {
    pass(milliseconds);
    feed.beat();
    t.equal(beats(), expected);
  }
  feed.miss();
  pass(1999);
  feed.miss();
  feed.beat(); // it answers again
  pass(1);
  feed.miss();
  pass(1999);
  feed.miss();
  t.equal(reader.ended, false);
  pass(1);
  feed.miss();
  t.equal(reader.ended, true);
  t.equal(feed.subscribers, 0);
});
