import { mkdirSync, rmSync } from "node:fs";
import t, { type Test } from "../../../support/tap.js";
import { eventStreamText } from "../../../../plugins/http/server-sent-events.js";
import type { FeedMessage } from "../../../../src/revocation/feed/event.js";
import { Feed, type Subscriber } from "../../../../src/revocation/feed/feed.js";
import { migrate, openDatabase } from "../../../../src/stores/prisma/database.js";
import { until } from "../../../e2e/support.js";
import { aRevocation, NOW } from "../../../contracts/samples.js";
import { sqlite } from "../../../support/services.js";

/** Takes one part at a time: whenever it is slow, the next one waits until `goOn` is called. */
class Reader implements Subscriber {
  text = "";
  gone = false;
  slow = false;
  ended = false;
  waits: Promise<void> | undefined;
  #goOn = (): void => undefined;

  send(messages: readonly FeedMessage[]): boolean {
    this.text += eventStreamText(messages);
    return !this.slow;
  }
  drained(): Promise<void> {
    this.waits = new Promise((resolve) => { this.#goOn = resolve; });
    return this.waits;
  }
  end(): void { this.ended = true; }
  async hasToWait(): Promise<void> { await until("it has to wait", () => this.waits !== undefined); }
  goOn(): void {
    this.slow = false;
    this.#goOn();
  }
  /** What it received: the name of each event or, of a revocation after the snapshot, its place. */
  get received(): string[] {
    return [...this.text.matchAll(/event: (.*)\n(?:id: (.*)\n)?/g)].map(([, name = "", id]) =>
      name === "revoked" && id !== undefined ? `${Number.parseInt(id.slice("journal.".length), 10)}` : name);
  }
}

const UNAVAILABLE = { code: "temporarily_unavailable" };

async function feedOn(t: Test) {
  const url = sqlite(t);
  await migrate(url);
  const { revocations: journal, cutoffs, feed: journalled, close } = await openDatabase(url);
  t.teardown(close);
  const between: (() => Promise<unknown>)[] = [];
  const source = {
    ...journalled,
    after: async (id: string, limit: number) => {
      const events = await journalled.after(id, limit);
      await between.shift()?.();
      return events;
    },
  };
  const feed = new Feed({ source, journal, cutoffs, clock: () => NOW });
  const advance = async () => {
    const advanced = feed.advance();
    feed.wake(); // not to wait for more
    await advanced;
  };
  return {
    feed, source, advance,
    /** Runs `work` when the source has been read, before its next answer arrives. */
    beforeAnswer: (work: () => Promise<unknown>) => { between.push(work); },
    lose: async () => {
      await close(); // it connects again when it is asked again
      for (const suffix of ["", "-wal", "-shm"]) rmSync(url.slice("file:".length) + suffix, { force: true });
      mkdirSync(url.slice("file:".length)); // a folder can't be opened as a database
    },
    record: async (count: number) => {
      // One after the other: at once, the last would wait too long.
      for (let i = 0; i < count; i++) await journal.record(aRevocation(), true);
    },
  };
}

await t.test("what happens while one catches up slowly it receives in its turn, once", async (t) => {
  const { feed, source, advance, record } = await feedOn(t);
  await advance();
  const [start, quick, slow] = [await source.head(), new Reader(), new Reader()];
  await feed.subscribe(quick, start);
  await record(2);
  slow.slow = true;
  const subscribed = feed.subscribe(slow, start);
  await slow.hasToWait();
  await record(3);
  await advance();
  slow.goOn();
  await subscribed;
  await record(1);
  await advance();
  t.strictSame(quick.received, ["current", "1", "2", "3", "4", "5", "6"]);
  t.strictSame(slow.received, ["1", "2", "3", "4", "5", "current", "6"]);
});

await t.test("what others receive while the source answers is sent too, once", async (t) => {
  const { feed, source, advance, record, beforeAnswer } = await feedOn(t);
  await advance();
  const [start, reader] = [await source.head(), new Reader()];
  await record(1);
  beforeAnswer(async () => { await record(2); await advance(); });
  await feed.subscribe(reader, start);
  await record(1);
  await advance();
  t.strictSame(reader.received, ["1", "2", "3", "current", "4"]);
});

await t.test("who is further than its replica receives nothing twice", async (t) => {
  const { feed, source, advance, record } = await feedOn(t);
  await advance();
  const [start, reader] = [await source.head(), new Reader()];
  await record(3); // by another replica
  await feed.subscribe(reader, start);
  t.strictSame(reader.received, ["1", "2", "3", "current"]);
  await record(2);
  await advance();
  await record(1);
  await advance();
  t.strictSame(reader.received, ["1", "2", "3", "current", "4", "5", "6"]);
});

await t.test("who came back to an old place receives page after page", async (t) => {
  const { feed, source, advance, record } = await feedOn(t);
  await advance();
  const [start, reader] = [await source.head(), new Reader()];
  await record(1001);
  await feed.subscribe(reader, start);
  t.strictSame(reader.received, [...Array.from({ length: 1001 }, (_, i) => `${i + 1}`), "current"]);
});

await t.test("everyone begins anew where the history was lost, also who was catching up", async (t) => {
  const { feed, source, advance, record } = await feedOn(t);
  await advance();
  const [start, reader, slow] = [await source.head(), new Reader(), new Reader()];
  await record(2);
  await feed.subscribe(reader, start);
  slow.slow = true;
  const subscribed = feed.subscribe(slow, start);
  await slow.hasToWait();
  await source.abandon();
  await advance();
  slow.goOn();
  await subscribed;
  await until("it was received all", () => reader.received.slice(3).includes("current"));
  t.strictSame(reader.received, ["1", "2", "current", "reset", "revoked", "current"]);
  t.strictSame(slow.received, ["1", "2", "reset", "revoked", "current"]);
  await record(1);
  await advance();
  for (const { received } of [reader, slow]) t.equal(received.at(-1), "4", "abandoning took a place");
});

await t.test("what happens while they begin anew they receive after the rest, once", async (t) => {
  const { feed, source, advance, record, beforeAnswer } = await feedOn(t);
  await advance();
  const [start, reader] = [await source.head(), new Reader()];
  await record(1);
  await feed.subscribe(reader, start);
  await source.abandon();
  await advance();
  beforeAnswer(async () => { await record(1); await advance(); });
  await until("it was received all", () => reader.received.slice(2).includes("current"));
  t.strictSame(reader.received, ["1", "current", "reset", "revoked", "3", "current"]);
});

await t.test("who leaves while it catches up receives nothing more", async (t) => {
  const { feed, source, advance, record } = await feedOn(t);
  await advance();
  const [start, slow] = [await source.head(), new Reader()];
  await record(1);
  slow.slow = true;
  const subscribed = feed.subscribe(slow, start);
  await slow.hasToWait();
  slow.gone = true;
  slow.goOn();
  await subscribed;
  await record(1);
  await advance();
  t.strictSame(slow.received, ["1"]);
  t.equal(feed.subscribers, 0);
});

await t.test("closing ends all streams, also in a catch-up; none begins later, or before the first read", async (t) => {
  const { feed, source, advance, record } = await feedOn(t);
  await t.rejects(feed.subscribe(new Reader()), UNAVAILABLE);
  await advance();
  const [start, reader, slow, late] = [await source.head(), new Reader(), new Reader(), new Reader()];
  await feed.subscribe(reader, start);
  await record(1);
  slow.slow = true;
  const catchingUp = feed.subscribe(slow, start);
  await slow.hasToWait();
  const beginning = feed.subscribe(late);
  feed.close(); // who received nothing yet can still be refused
  await t.rejects(beginning, UNAVAILABLE);
  t.equal(late.text, "");
  slow.goOn();
  await catchingUp;
  t.ok(reader.ended && slow.ended);
  t.strictSame(slow.received, ["1"]);
  await t.rejects(feed.subscribe(new Reader(), start), UNAVAILABLE);
  t.equal(feed.subscribers, 0);
});

await t.test("a stream that can't be gone on with is ended, one that has not begun is refused", async (t) => {
  const { feed, source, advance, record, lose } = await feedOn(t);
  await advance();
  const [start, slow] = [await source.head(), new Reader()];
  await record(1);
  slow.slow = true;
  const subscribed = feed.subscribe(slow, start);
  await slow.hasToWait();
  await lose();
  slow.goOn();
  await subscribed;
  t.equal(slow.ended, true);
  t.strictSame(slow.received, ["1"]);
  const refused = new Reader();
  await t.rejects(feed.subscribe(refused, start), UNAVAILABLE);
  t.equal(refused.text, "");
  t.equal(feed.subscribers, 0);
});
