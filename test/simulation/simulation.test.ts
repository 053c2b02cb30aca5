import t from "../support/tap.js";
import { History } from "./history.js";

/**
 * Histories are numbered by their seeds. AUTHFLOW_SIMULATION=1234 runs one of them, and prints what happens in it;
 * AUTHFLOW_SIMULATION=5000-9999 runs others than usual.
 */
const [first = 1, last = first] = (process.env.AUTHFLOW_SIMULATION ?? "1-2000").split("-").map(Number);
/** Failed histories after which the others are not run. */
const ENOUGH = 3;

async function run(seed: number): Promise<History> {
  const history = new History(seed);
  await history.run();
  return history;
}

const stateOf = ({ trace, time, database, judge }: History): unknown =>
  ({ trace, now: time.now, events: time.events, log: database.contents, counts: judge.counts });

t.test("whatever fails, no revoked token is accepted and nothing confirmed is lost", async (t) => {
  const totals = { acknowledged: 0, checks: 0, refused: 0, lost: 0, gone: 0 };
  let failed = 0;
  Error.stackTraceLimit = first === last ? 10 : 0; // most of the time would go into the stacks of expected errors
  t.teardown(() => { Error.stackTraceLimit = 10; });
  for (let seed = first; seed <= last && failed < ENOUGH; seed++) {
    const { judge, trace } = await run(seed);
    for (const key of Object.keys(totals) as (keyof typeof totals)[]) totals[key] += judge.counts[key];
    if (judge.violations.length > 0 || first === last) t.comment(trace.join("\n"));
    if (judge.violations.length > 0) {
      failed++;
      t.fail(`history ${seed}: ${[...new Set(judge.violations)].join("; ")}. Again: AUTHFLOW_SIMULATION=${seed}`);
    }
    if (seed % 20 === 0) await new Promise(setImmediate); // lets the reporter work
  }
  t.comment(JSON.stringify(totals));
  if (first === last) return;
  // The histories are only worth something if all of this happens in them, and often.
  t.ok(totals.acknowledged > 10 * (last - first), "many revocations are confirmed");
  t.ok(totals.refused > 50 * (last - first), "many revoked tokens are asked for");
  t.ok(totals.lost > last - first, "databases lose confirmed revocations");
  t.ok(totals.gone < totals.lost / 10, "nearly always something remembers them");
});

t.test("a seed gives the same history again", async (t) => {
  for (const seed of [1, 2, 3, 4, 5]) t.same(stateOf(await run(seed)), stateOf(await run(seed)), `history ${seed}`);
});
