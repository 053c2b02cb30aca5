import { setImmediate as nextTurn } from "node:timers/promises";
import t from "../../support/tap.js";
import { CircuitBreaker, Silent } from "../../../src/shared/circuit-breaker.js";

const TIMEOUT = new Error("timed out");

/** A breaker with probes that end by `answer`. */
function breaker() {
  const probes: ((error?: Error) => void)[] = [];
  const made = new CircuitBreaker({
    isSilent: (error) => error === TIMEOUT,
    probe: () => new Promise<void>((resolve, reject) => {
      probes.push((error) => { if (error === undefined) resolve(); else reject(error); });
    }),
  });
  return { made, probes };
}

await t.test("after a time-out calls fail at once, without being made, until a probe is answered", async (t) => {
  const { made, probes } = breaker();
  await t.rejects(made.run(() => Promise.reject(TIMEOUT)), TIMEOUT);
  t.equal(made.isOpen, true);
  let calls = 0;
  await t.rejects(made.run(async () => { calls++; }), new Silent());
  t.equal(calls, 0);
  t.equal(probes.length, 1, "one probe at a time");
  probes.shift()?.(TIMEOUT);
  while (probes.length === 0) await nextTurn();
  t.equal(made.isOpen, true);
  probes.shift()?.();
  await nextTurn();
  t.equal(await made.run(async () => "an answer"), "an answer");
});

await t.test("an error is an answer: it opens nothing, and closes", async (t) => {
  const { made, probes } = breaker();
  const error = new Error("syntax error");
  await t.rejects(made.run(() => Promise.reject(error)), error);
  t.equal(made.isOpen, false);
  made.open();
  probes.shift()?.(error);
  await nextTurn();
  t.equal(made.isOpen, false);
});

await t.test("a stopped one probes no more", async (t) => {
  const { made, probes } = breaker();
  made.open();
  made.stop();
  probes.shift()?.(TIMEOUT);
  await nextTurn();
  made.open();
  t.strictSame([made.isOpen, probes.length], [false, 0]);
});
