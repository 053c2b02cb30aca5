import t, { type Test } from "../../support/tap.js";
import { FOREVER } from "../../../src/revocation/entry.js";
import { LogSweeper } from "../../../src/revocation/log-sweeper.js";
import { anEntry } from "../../contracts/samples.js";
import { logOnSqlite } from "./log-on-sqlite.js";

const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000];

/** A log, and replicas whose clocks can step; `pass` lets real time pass for all of them. */
async function fixture(t: Test) {
  const { log, other } = await logOnSqlite(t);
  let now = 0; // what a clock that never steps measures
  const start = await log.horizon() + DAY; // a migration puts the horizon a day before its own time
  const replica = (of = log) => {
    const [shared, machine] = [{ off: 0 }, { off: 0 }];
    const clocks = [shared, machine].map((clock) => () => start + now + clock.off);
    const sweeper = new LogSweeper({ log: of, clocks, monotonic: () => now });
    return { shared, machine, sweeper };
  };
  const pass = (milliseconds: number): void => { now += milliseconds; };
  return { log, other, replica, pass, start, behind: async () => start + now - await log.horizon() };
}
type Replica = ReturnType<Awaited<ReturnType<typeof fixture>>["replica"]>;

/** Sweeps every minute. */
async function sweepFor(duration: number, pass: (milliseconds: number) => void, replicas: Replica[]): Promise<void> {
  for (let passed = 0; passed < duration; passed += MINUTE) {
    pass(MINUTE);
    for (const { sweeper } of replicas) await sweeper.sweep();
  }
}

await t.test("entries stay a day after they expired, and then they are deleted", async (t) => {
  const { log, replica, pass, start } = await fixture(t);
  const { sweeper } = replica();
  t.equal(sweeper.horizon, 0, "before the first sweep nothing may be deleted");
  const [entry, later] = [anEntry({ expiresAt: start + HOUR }), anEntry({ expiresAt: start + 2 * HOUR })];
  await log.append([entry, later, anEntry({ expiresAt: FOREVER })]);
  const found = async () => (await log.find([entry, later])).map(({ value }) => value);
  await sweeper.sweep();
  pass(HOUR + DAY - 1);
  await sweeper.sweep();
  t.strictSame(await found(), [entry.value, later.value]);
  pass(1);
  await sweeper.sweep();
  t.strictSame(await found(), [later.value]);
  t.equal(sweeper.horizon, start + HOUR);
  t.equal(await log.horizon(), sweeper.horizon);
});

await t.test("the horizon follows a day behind, however often it is moved", async (t) => {
  const { replica, pass, behind } = await fixture(t);
  const replicas = [replica(), replica(), replica()];
  await sweepFor(2 * HOUR, pass, replicas);
  t.equal(await behind(), DAY);
});

const STEPS: [what: string, clock: "shared" | "machine" | "both", by: number][] = [
  ["the shared clock two hours ahead", "shared", 2 * HOUR], ["the shared clock two days ahead", "shared", 2 * DAY],
  ["the machine's clock a year ahead", "machine", 365 * DAY], ["both clocks two hours ahead", "both", 2 * HOUR],
  ["both clocks two days ahead", "both", 2 * DAY], ["both clocks ten years ahead", "both", 3650 * DAY],
];
for (const [what, which, by] of STEPS) {
  await t.test(`${what}, for 75 s or an hour: what is live stays`, async (t) => {
    for (const duration of [2 * MINUTE, HOUR]) {
      const { log, replica, pass, start } = await fixture(t);
      const replicas = [replica(), replica()];
      await sweepFor(10 * MINUTE, pass, replicas);
      const live = anEntry({ expiresAt: start + 10 * MINUTE + 1 }); // expires in a moment
      await log.append([live, anEntry({ expiresAt: FOREVER })]);
      const step = (off: number): void => {
        for (const one of replicas) for (const name of ["shared", "machine"] as const)
          if (which === name || which === "both") one[name].off = off;
      };
      step(by);
      await sweepFor(duration, pass, replicas);
      t.equal((await log.find([live])).length, 1, `while it lasts, ${duration} ms`);
      step(0);
      await sweepFor(10 * MINUTE, pass, replicas);
      t.equal((await log.find([live])).length, 1, "and after it");
    }
  });
}

await t.test("one clock ahead alone has no effect, however long", async (t) => {
  const { replica, pass, behind } = await fixture(t);
  const replicas = [replica(), replica()];
  for (const { machine } of replicas) machine.off = 10 * DAY;
  await sweepFor(20 * HOUR, pass, replicas);
  t.equal(await behind(), DAY);
});

await t.test("a horizon that is ahead of a right clock moves back at once", async (t) => {
  const { log, replica, pass, behind } = await fixture(t);
  const { sweeper } = replica();
  await log.moveHorizon(await log.horizon(), await log.horizon() + 20 * HOUR);
  await sweeper.sweep();
  t.equal(await behind(), DAY);
  pass(MINUTE);
  await sweeper.sweep();
  t.equal(await behind(), DAY);
});

await t.test("after a stop it catches up, ten times as fast as time", async (t) => {
  const { replica, pass, behind } = await fixture(t);
  pass(10 * DAY);
  const { sweeper } = replica();
  await sweeper.sweep();
  t.equal(await behind(), 11 * DAY, "a process does not know how long it was stopped");
  pass(MINUTE);
  await sweeper.sweep();
  t.equal(await behind(), 11 * DAY + MINUTE - 10 * MINUTE);
  await sweepFor(27 * HOUR, pass, [{ sweeper } as Replica]);
  t.equal(await behind(), DAY);
});

await t.test("several replicas move it no faster than one", async (t) => {
  const { replica, pass, behind, other } = await fixture(t);
  pass(10 * DAY);
  const replicas = [replica(), replica(other), replica(), replica(other)];
  for (const { sweeper } of replicas) await sweeper.sweep();
  for (let i = 1; i <= 30; i++) {
    pass(MINUTE);
    await Promise.all(replicas.map(({ sweeper }) => sweeper.sweep()));
    t.ok(await behind() >= 11 * DAY + i * MINUTE - i * 10 * MINUTE, `minute ${i}`);
  }
});

await t.test("a log that can't be read or written moves nothing", async (t) => {
  const { replica, pass, behind, log } = await fixture(t);
  const failing = { ...log, moveHorizon: () => Promise.reject(new Error("read-only")) };
  const { sweeper } = replica(failing);
  await sweeper.sweep();
  pass(MINUTE);
  await t.rejects(sweeper.sweep(), { message: "read-only" });
  t.equal(await behind(), DAY + MINUTE);
});
