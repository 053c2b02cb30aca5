// Runs histories in a thread of its own: the test runner's hooks make each promise several times as slow.
import { parentPort, workerData } from "node:worker_threads";
import { History } from "./history.js";

/** Seeds, both included. */
export interface Range { first: number; last: number }
export interface Report {
  totals: History["judge"]["counts"];
  /** The first histories that broke a promise, or the only one that was run. */
  shown: { seed: number; violations: string[]; trace: string[] }[];
  /** A text for each history, equal if all that happened was equal. */
  digests: string[];
}

/** Failed histories after which the others are not run. */
const ENOUGH = 3;

const { first, last } = workerData as Range;
// Most of the time would go into the stacks of expected errors.
if (first !== last) Error.stackTraceLimit = 0;
const report: Report = { totals: { acknowledged: 0, checks: 0, refused: 0, lost: 0, gone: 0 }, shown: [], digests: [] };
for (let seed = first; seed <= last && report.shown.length < ENOUGH; seed++) {
  const history = new History(seed);
  await history.run();
  const { judge: { counts, violations }, trace, time, database } = history;
  for (const key of Object.keys(counts) as (keyof typeof counts)[]) report.totals[key] += counts[key];
  if (violations.length > 0 || first === last) report.shown.push({ seed, violations: [...new Set(violations)], trace });
  if (last - first < 10) report.digests.push(JSON.stringify([trace, time.now, time.events, database.contents, counts]));
}
parentPort?.postMessage(report);
