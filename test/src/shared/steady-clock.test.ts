import t, { type Test } from "../../support/tap.js";
import { MAX_CLOCK_SKEW } from "../../../src/shared/clock.js";
import { SteadyClock } from "../../../src/shared/steady-clock.js";

const START = Date.UTC(2026, 10, 25);
const HOUR = 3_600_000;

/** A machine whose clock can be stepped, and time that passes. */
function machine(t: Test) {
  let [wall, monotonic, uptime] = [START, 500, 9_000_000];
  const clock = new SteadyClock({ wall: () => wall, monotonic: () => monotonic, uptime: () => uptime });
  return {
    clock, read: clock.read, follow: clock.follow.bind(clock),
    pass: (milliseconds: number) => { wall += milliseconds; monotonic += milliseconds; uptime += milliseconds; },
    step: (milliseconds: number) => { wall += milliseconds; },
    // A suspended machine counts no monotonic time.
    sleep: (milliseconds: number) => { wall += milliseconds; uptime += milliseconds; },
    reads: (expected: number, why: string) => t.equal(clock.read(), START + expected, why),
  };
}

t.test("goes with the system's clock, and not with its steps", async (t) => {
  const { reads, pass, step } = machine(t);
  reads(0, "at first");
  pass(1000);
  reads(1000, "a second later");
  step(300_000);
  reads(1000, "five minutes ahead");
  pass(50);
  step(-600_000);
  reads(1050, "five minutes behind");
  for (let i = 0; i < 100; i++) { pass(400); step(0.2); }
  reads(1050 + 40_000 + 20, "what NTP does little by little is no step");
});

t.test("follows the clock that is shared where it is plainly off", async (t) => {
  const { reads, pass, follow } = machine(t);
  t.equal(follow(START + 100, 4), 0, "within reason");
  reads(0, "and left alone");
  t.equal(follow(START + 5000, 4), 5002, "behind");
  reads(5002, "set");
  pass(1000);
  t.equal(follow(START + 5300, 2000), 0, "what took two seconds may be as wrong by one");
  t.equal(follow(START + 1000, 10), -4997, "ahead");
  reads(1005, "set back: who has been wrong alone gives way");
  t.equal(follow(START + 900_000, 61_000), 0, "a read that took a minute proves nothing");
});

t.test("without a shared clock it never goes back", async (t) => {
  const { read, reads, pass, step, follow } = machine(t);
  follow(null, 1);
  step(HOUR / 20);
  reads(0, "set ahead");
  t.equal(follow(null, 1), HOUR / 20);
  reads(HOUR / 20, "and on time again");
  step(-60_000);
  const readings = Array.from({ length: 400 }, () => {
    pass(400);
    follow(null, 1);
    return read();
  });
  t.ok(readings.every((now, i) => i === 0 || now > (readings[i - 1] ?? 0)), "it runs on");
  reads(HOUR / 20 + 400 * 400 - 60_000, "until the step back is made up for");
});

t.test("a machine that slept is on time at once, with and without a shared clock", async (t) => {
  const { clock, reads, pass, sleep, step, follow } = machine(t);
  follow(null, 1);
  sleep(10 * HOUR);
  reads(10 * HOUR, "woken up");
  t.ok(clock.isSynchronised);
  t.equal(follow(null, 1), 0);
  pass(1000);
  sleep(HOUR);
  step(2 * HOUR);
  reads(11 * HOUR + 1000, "set ahead while it slept");
  t.notOk(clock.isSynchronised);
});

t.test("a machine whose clock is set by more than five minutes is not synchronised until it is set back", async (t) => {
  for (const by of [2 * HOUR, -2 * HOUR, 48 * HOUR, -48 * HOUR, MAX_CLOCK_SKEW + 1, -MAX_CLOCK_SKEW - 1]) {
    const { clock, reads, pass, step, follow } = machine(t);
    follow(null, 1);
    step(by);
    t.notOk(clock.isSynchronised, `at once, by ${by / HOUR} h`);
    t.equal(clock.skew, by);
    for (let i = 0; i < 20; i++) {
      pass(4000);
      t.equal(follow(null, 1), 0);
    }
    reads(80_000, "time passes as it does");
    t.notOk(clock.isSynchronised);
    step(-by);
    t.ok(clock.isSynchronised, "set back");
    reads(80_000, "and nothing is lost");
  }
});

t.test("a shared clock that is set is followed within five minutes of the machine's, and no further", async (t) => {
  for (const by of [2 * HOUR, -2 * HOUR, 48 * HOUR, -48 * HOUR, MAX_CLOCK_SKEW + 1, -MAX_CLOCK_SKEW - 1]) {
    const { clock, reads, pass, follow } = machine(t);
    follow(START, 0);
    for (let i = 1; i <= 20; i++) {
      pass(4000);
      t.equal(follow(START + i * 4000 + by, 0), 0);
      t.notOk(clock.isSynchronised);
    }
    t.equal(clock.skew, -by);
    reads(80_000, "goes with the machine");
    t.equal(follow(START + 80_000 + by, 70_000), 0);
    t.notOk(clock.isSynchronised, "a slow reading proves nothing");
    follow(START + 80_000, 0);
    t.ok(clock.isSynchronised, "set back");
    reads(80_000, "and nothing is lost");
  }
  const { clock, reads, follow } = machine(t);
  t.equal(follow(START + MAX_CLOCK_SKEW, 0), MAX_CLOCK_SKEW);
  t.ok(clock.isSynchronised);
  reads(MAX_CLOCK_SKEW, "it is followed that far");
});

t.test("a machine that is set while the shared clock can't be read is not synchronised at once", async (t) => {
  const { clock, reads, step, follow } = machine(t);
  follow(START, 0);
  step(2 * HOUR);
  t.notOk(clock.isSynchronised);
  follow(START, 0);
  reads(0, "the shared clock is right");
  t.notOk(clock.isSynchronised, "but nobody knows which one is");
  step(-2 * HOUR);
  follow(START, 0);
  t.ok(clock.isSynchronised);
});

t.test("a virtual machine that was paused follows the shared clock, once its own is set", async (t) => {
  const { clock, reads, step, follow } = machine(t);
  follow(START, 0);
  follow(START + HOUR, 0);
  t.notOk(clock.isSynchronised, "not yet");
  step(HOUR); // no clock of the machine has counted the pause
  t.equal(follow(START + HOUR, 0), HOUR);
  reads(HOUR, "on time");
  t.ok(clock.isSynchronised);
});
