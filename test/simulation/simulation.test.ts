import { once } from "node:events";
import { Worker } from "node:worker_threads";
import t from "../support/tap.js";
import type { Range, Report } from "./worker.js";

/**
 * Histories are numbered by their seeds. AUTHFLOW_SIMULATION=1234 runs one of them, and prints what happens in it;
 * AUTHFLOW_SIMULATION=5000-9999 runs others than usual.
 */
const [first = 1, last = first] = (process.env.AUTHFLOW_SIMULATION ?? "1-2000").split("-").map(Number);

async function run(range: Range): Promise<Report> {
  const worker = new Worker(new URL("worker.js", import.meta.url), { workerData: range, execArgv: [] });
  const [report] = await once(worker, "message") as [Report];
  return report;
}

t.test("whatever fails, no revoked token is accepted and nothing confirmed is lost", async (t) => {
  const { totals, shown } = await run({ first, last });
  for (const { seed, violations, trace } of shown) {
    t.comment(trace.join("\n"));
    t.same(violations, [], `history ${seed}. Again: AUTHFLOW_SIMULATION=${seed} npm test -- test/simulation`);
  }
  t.comment(JSON.stringify(totals));
  if (first === last || shown.length > 0) return;
  // The histories are only worth something if all of this happens in them, and often.
  const histories = last - first + 1;
  t.ok(totals.acknowledged > 10 * histories, "many revocations are confirmed");
  t.ok(totals.refused > 50 * histories, "many revoked tokens are asked for");
  t.ok(totals.lost > histories, "databases lose confirmed revocations");
  t.ok(totals.gone < totals.lost / 10, "nearly always something remembers them");
});

t.test("a seed gives the same history again", async (t) => {
  const range = { first: 1, last: 5 };
  t.same((await run(range)).digests, (await run(range)).digests);
});
