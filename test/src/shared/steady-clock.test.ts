import t, { type Test } from "../../support/tap.js";
import { SteadyClock } from "../../../src/shared/steady-clock.js";

const START = Date.UTC(2026, 10, 25);

/** A machine whose clock can be stepped, and time that passes. */
function machine(t: Test) {
  let [wall, monotonic] = [START, 500];
  const clock = new SteadyClock({ wall: () => wall, monotonic: () => monotonic });
  return {
    read: clock.read, follow: clock.follow.bind(clock),
    pass: (milliseconds: number) => { wall += milliseconds; monotonic += milliseconds; },
    step: (milliseconds: number) => { wall += milliseconds; },
    sleep: (milliseconds: number) => { wall += milliseconds; }, // a suspended machine counts no monotonic time
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
  const { read, reads, pass, sleep, step, follow } = machine(t);
  follow(null, 1);
  sleep(3_600_000);
  reads(0, "woken up");
  t.equal(follow(null, 1), 3_600_000);
  reads(3_600_000, "and on time again");
  step(-60_000);
  const readings = Array.from({ length: 400 }, () => {
    pass(400);
    follow(null, 1);
    return read();
  });
  t.ok(readings.every((now, i) => i === 0 || now > (readings[i - 1] ?? 0)), "it runs on");
  reads(3_600_000 + 400 * 400 - 60_000, "until the step back is made up for");
});
