import t from "../../../support/tap.js";
import { Broadcast } from "../../../../src/revocation/feed/broadcast.js";
import type { FeedMessage } from "../../../../src/revocation/feed/event.js";
import { until } from "../../../e2e/support.js";

class Receiver {
  readonly lists: (readonly FeedMessage[])[] = [];
  onSend = (): void => undefined;
  send(messages: readonly FeedMessage[]): boolean {
    this.lists.push(messages);
    this.onSend();
    return true;
  }
  get names(): string { return this.lists.flat().map(({ name }) => name).join(" "); }
}

const message = (name: string): FeedMessage[] => [{ name: name as FeedMessage["name"], data: [] }];
const receivers = (count: number): Receiver[] => Array.from({ length: count }, () => new Receiver());
const MANY = 1000;

await t.test("a few receive what is said at once", (t) => {
  const broadcast = new Broadcast<Receiver>();
  const [one = new Receiver(), two = new Receiver()] = receivers(2);
  broadcast.join(one);
  broadcast.say(message("a"));
  broadcast.join(two);
  broadcast.say(message("b"));
  broadcast.leave(one);
  broadcast.say(message("c"));
  t.strictSame([one.names, two.names], ["a b", "b c"]);
  t.end();
});

await t.test("many receive everything once and in order, and what is said meanwhile in one part", async (t) => {
  const broadcast = new Broadcast<Receiver>();
  const all = receivers(MANY);
  for (const one of all) broadcast.join(one);
  const [first = new Receiver(), last = new Receiver()] = [all[0], all.at(-1)];
  const late = new Receiver();
  const lateFirst = { from: "" };
  first.onSend = () => {
    first.onSend = () => undefined;
    broadcast.say(message("b"));
    broadcast.join(late); // it knows what was said until now
    lateFirst.from = last.names;
    broadcast.say(message("c"));
    broadcast.say(message("d"));
  };
  broadcast.say(message("a"));
  t.equal(last.names, "", "the first turn does not serve all");
  await until("all have received it", () => last.names === "a b c d");
  t.equal(lateFirst.from, "");
  t.strictSame(new Set(all.map(({ names }) => names)), new Set(["a b c d"]));
  t.strictSame(new Set(all.map(({ lists }) => lists.length)), new Set([2]), "two rounds");
  t.equal(new Set(all.map(({ lists }) => lists[1])).size, 1, "one list for all, so that it is serialised once");
  t.equal(late.names, "c d");
});

await t.test("those who leave, and all after a new start, receive nothing more of a round", async (t) => {
  const broadcast = new Broadcast<Receiver>();
  const all = receivers(MANY);
  for (const one of all) broadcast.join(one);
  const [first = new Receiver(), last = new Receiver(), before = new Receiver()] = [all[0], all.at(-1), all.at(-2)];
  broadcast.leave(last);
  broadcast.say(message("a"));
  t.equal(first.names, "a");
  broadcast.say(message("b"));
  t.equal(broadcast.clear().length, MANY - 1);
  broadcast.join(before); // it was sent a snapshot
  broadcast.say(message("c"));
  await until("it goes on", () => before.names !== "");
  t.strictSame([before.names, first.names, last.names], ["c", "a", ""]);
  t.equal(broadcast.size, 1);
});
