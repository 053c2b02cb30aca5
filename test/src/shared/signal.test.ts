import t from "../../support/tap.js";
import { Signal } from "../../../src/shared/signal.js";

const LONG = 100_000;
const alive = setInterval(() => undefined, LONG); // a wait keeps no process alive
t.teardown(() => { clearInterval(alive); });

await t.test("a wait ends when it is notified, also if that was before it began; only one does", async (t) => {
  const signal = new Signal();
  const waiting = signal.wait(LONG);
  signal.notify();
  await waiting;
  signal.notify();
  signal.notify();
  await signal.wait(LONG);
  let isOver = false;
  const next = signal.wait(LONG).then(() => { isOver = true; });
  await new Promise(setImmediate);
  t.equal(isOver, false);
  signal.notify();
  await next;
});

await t.test("a wait that has a shortest time lasts at least as long, and ends then if it was notified", async (t) => {
  const signal = new Signal();
  let isOver = false;
  const waiting = signal.wait(LONG, 20).then(() => { isOver = true; });
  signal.notify();
  await new Promise(setImmediate);
  t.equal(isOver, false);
  await waiting;
});

await t.test("a wait ends after its time", async (t) => {
  await t.resolves(new Signal().wait(1));
});
