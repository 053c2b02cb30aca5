import { setImmediate as nextTurn } from "node:timers/promises";
import t from "../../support/tap.js";
import { JoinedRead } from "../../../src/shared/joined-read.js";

/** A read that ends when `finish` is called; each has a number. */
function slowRead(limit = 60_000) {
  const pending: { resolve: (value: number) => void; reject: (cause: Error) => void }[] = [];
  let begun = 0;
  let running = 0;
  let most = 0;
  const read = async (): Promise<number> => {
    const number = ++begun;
    most = Math.max(most, ++running);
    await new Promise<number>((resolve, reject) => { pending.push({ resolve, reject }); })
      .finally(() => { running--; });
    return number;
  };
  return {
    joined: new JoinedRead(read, limit),
    finish: () => pending.shift()?.resolve(0),
    fail: () => pending.shift()?.reject(new Error("no answer")),
    get begun() { return begun; },
    /** The most that ran at the same time. */
    get most() { return most; },
  };
}
/** Turns of the event loop in which a read that may begin has begun, and one that ended has its effects. */
const turns = async (): Promise<void> => { for (let i = 0; i < 4; i++) await nextTurn(); };

await t.test("a call gets the outcome of a read that began after it; calls that wait share one", async (t) => {
  const reads = slowRead();
  const first = reads.joined.run();
  t.equal(reads.begun, 0);
  const together = reads.joined.run(); // in the same turn of the event loop
  await turns();
  t.equal(reads.begun, 1);
  const waiting = Array.from({ length: 10 }, () => reads.joined.run());
  reads.finish();
  t.strictSame(await Promise.all([first, together]), [1, 1]);
  await turns();
  t.equal(reads.begun, 2);
  const later = reads.joined.run();
  reads.finish();
  t.strictSame(await Promise.all(waiting), Array.from({ length: 10 }, () => 2));
  while (reads.begun < 3) await nextTurn(); // after a read that many shared, it waits for more callers
  const more = reads.joined.run();
  reads.finish();
  t.equal(await later, 3);
  while (reads.begun < 4) await nextTurn();
  reads.finish();
  t.equal(await more, 4);
});

await t.test("when nothing runs, a call starts a read in the next turn", async (t) => {
  const reads = slowRead();
  for (const number of [1, 2, 3]) {
    const call = reads.joined.run();
    await turns();
    t.equal(reads.begun, number);
    reads.finish();
    t.equal(await call, number);
  }
});

await t.test("a read that fails rejects its own callers only", async (t) => {
  const reads = slowRead();
  const first = reads.joined.run();
  await turns();
  const second = reads.joined.run();
  const third = turns().then(() => reads.joined.run());
  await turns();
  reads.fail();
  await t.rejects(first, { message: "no answer" });
  await turns();
  reads.finish();
  t.equal(await second, 2);
  t.equal(await third, 2);
});

await t.test("two reads never run at the same time, whenever callers arrive", async (t) => {
  const reads = slowRead();
  const caller = async () => {
    for (let i = 0; i < 20; i++) {
      const asked = reads.begun;
      const answer = await reads.joined.run(); // the next call comes in the moment in which this read ends
      if (answer <= asked) throw new Error(`a call after read ${asked} got the outcome of read ${answer}`);
    }
  };
  let done = false;
  const callers = Promise.all([1, 2, 3].map(caller)).finally(() => { done = true; });
  while (!done) {
    reads.finish();
    await turns();
  }
  await callers;
  t.equal(reads.most, 1);
});

await t.test("a late read rejects its callers, and new ones at once until one has ended in time", async (t) => {
  const reads = slowRead(50);
  const first = reads.joined.run();
  await turns();
  const both = Promise.allSettled([first, reads.joined.run()]);
  await t.rejects(first, { message: "Not read within 50 ms" });
  await t.rejects(reads.joined.run(), { message: "No read has ended within 50 ms" });
  const late = { status: "rejected", reason: { message: "Not read within 50 ms" } };
  t.match(await both, [late, late]);
  t.equal(reads.begun, 1, "no other read beside it");
  reads.finish();
  await turns();
  reads.finish(); // the one that was planned, and late before it began
  await turns();
  t.equal(reads.begun, 3, "it tries again by itself");
  await t.rejects(reads.joined.run(), { message: "No read has ended within 50 ms" }, "and nobody waits for that");
  reads.finish();
  await turns();
  const next = reads.joined.run();
  await turns();
  reads.finish();
  t.equal(await next, 4);
});
