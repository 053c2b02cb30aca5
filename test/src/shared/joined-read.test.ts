import t from "../../support/tap.js";
import { JoinedRead } from "../../../src/shared/joined-read.js";

/** A read that ends when `finish` is called; each has a number. */
function slowRead() {
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
    joined: new JoinedRead(read),
    finish: () => pending.shift()?.resolve(0),
    fail: () => pending.shift()?.reject(new Error("no answer")),
    get begun() { return begun; },
    /** The most that ran at the same time. */
    get most() { return most; },
  };
}
const turn = () => new Promise<void>((resolve) => { setImmediate(resolve); });

await t.test("a call gets the outcome of a read that began after it; calls that wait share one", async (t) => {
  const reads = slowRead();
  const first = reads.joined.run();
  const waiting = Array.from({ length: 10 }, () => reads.joined.run());
  t.equal(reads.begun, 1);
  reads.finish();
  t.equal(await first, 1);
  await turn();
  t.equal(reads.begun, 2);
  const later = reads.joined.run();
  reads.finish();
  t.strictSame(await Promise.all(waiting), Array.from({ length: 10 }, () => 2));
  await turn();
  reads.finish();
  t.equal(await later, 3);
});

await t.test("when nothing runs, a call starts a read at once", async (t) => {
  const reads = slowRead();
  for (const number of [1, 2, 3]) {
    const call = reads.joined.run();
    t.equal(reads.begun, number);
    reads.finish();
    t.equal(await call, number);
  }
});

await t.test("a read that fails rejects its own callers only", async (t) => {
  const reads = slowRead();
  const first = reads.joined.run();
  const second = reads.joined.run();
  const third = turn().then(() => reads.joined.run());
  await turn();
  reads.fail();
  await t.rejects(first, { message: "no answer" });
  await turn();
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
    await turn();
  }
  await callers;
  t.equal(reads.most, 1);
});
