import type { Test } from "tap";
import { PATHS } from "./ledger.js";
import { Listener } from "./listener.js";
import { type Row, writeTable } from "./report.js";
import type { Plan } from "./scenarios.js";
import { watch } from "./watch.js";
import { buildWorld, type Shape } from "./world.js";

/** `npm run test:chaos` takes its time and writes what it measured; the short form runs with the other tests. */
const LONG = process.env.AUTHFLOW_CHAOS === "long";
/** Only scenarios with these words happen, also those of the long form. */
const ONLY = process.env.AUTHFLOW_CHAOS_ONLY;
/** Milliseconds for which things stay broken, and for which people log out before. */
const [OUTAGE, WARM_UP] = LONG ? [20_000, 1500] : [1000, 300];

/** Lets every scenario happen to one world, in their order, and demands that no token comes back to life. */
export async function breakOnPurpose(t: Test, shape: Shape, { all, short }: Plan): Promise<void> {
  const world = await buildWorld(t, shape);
  if (world === undefined) return;
  const urls = world.replicas.map(({ url }) => url);
  const listeners = urls.map((_url, i) =>
    new Listener(t, [...urls.slice(i), ...urls.slice(0, i)], world.client.headers));
  const rows: Row[] = [];
  const scenarios = ONLY === undefined ? LONG ? all : short : all.filter(({ what }) => what.includes(ONLY));
  for (const { what, promise, harm, expiresIn, except, longOutage = OUTAGE } of scenarios) {
    await t.test(what, async (t) => {
      const outage = LONG ? longOutage : OUTAGE;
      const ledger = await watch(world, listeners, { expiresIn, except }, (logouts) =>
        harm(world, { outage, logouts: () => logouts(WARM_UP) }, t));
      const longest = PATHS.map((path) => `${path} ${Math.round(ledger.longest.get(path) ?? 0)} ms`).join(", ");
      t.comment(`${ledger.acknowledged} acknowledged, ${ledger.revived.size} revived; accepted at most: ${longest}`);
      t.ok(ledger.acknowledged > 0, "some logouts were acknowledged");
      t.strictSame([...ledger.revived], [], promise);
      t.equal(ledger.longest.get("ask") ?? 0, 0, "no replica accepted one after its logout was acknowledged");
      rows.push({ what, promise, ledger });
    });
  }
  if (LONG && ONLY === undefined) writeTable(shape, rows);
}
