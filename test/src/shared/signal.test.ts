import t from "../../support/tap.js";
import { Signal } from "../../../src/shared/signal.js";

const LONG = 100_000;

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

await t.test("a wait ends after its time", async (t) => {
  await t.resolves(new Signal().wait(1));
});
