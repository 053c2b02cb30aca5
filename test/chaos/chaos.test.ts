import t from "tap";
import { PATHS } from "./ledger.js";
import { Listener } from "./listener.js";
import { type Row, writeTable } from "./report.js";
import { ALONE, WITH_POSTGRES, WITH_REDIS } from "./scenarios.js";
import { watch } from "./watch.js";
import { buildWorld } from "./world.js";

/** Milliseconds for which things stay broken: `npm run test:chaos` takes its time, the short form runs with the tests. */
const LONG = process.env.AUTHFLOW_CHAOS === "long";
const OUTAGE = LONG ? 20_000 : 2500;
/** "Down for minutes". */
const LONG_OUTAGES = new Map([["Redis is down", 150_000], ["two of three replicas are cut off from Redis", 90_000]]);

const WORLDS = [
  { shape: { name: "three replicas, PostgreSQL and Redis", size: 3, on: "PostgreSQL and Redis" }, scenarios: WITH_REDIS },
  { shape: { name: "two replicas, PostgreSQL", size: 2, on: "PostgreSQL" }, scenarios: WITH_POSTGRES },
  { shape: { name: "one replica, SQLite", size: 1, on: "SQLite" }, scenarios: ALONE },
] as const;

const rows: Row[] = [];
for (const { shape, scenarios } of WORLDS) {
  await t.test(shape.name, async (t) => {
    const world = await buildWorld(t, shape);
    if (world === undefined) return;
    const urls = world.replicas.map(({ url }) => url);
    const listeners = urls.map((_url, i) => new Listener(t, [...urls.slice(i), ...urls.slice(0, i)], world.client.headers));
    for (const { what, promise, harm, expiresIn } of scenarios) {
      await t.test(what, async (t) => {
        const outage = LONG ? LONG_OUTAGES.get(what) ?? OUTAGE : OUTAGE;
        const ledger = await watch(world, listeners, () => harm(world, outage), expiresIn);
        const longest = PATHS.map((path) => `${path} ${Math.round(ledger.longest.get(path) ?? 0)} ms`).join(", ");
        t.comment(`${ledger.acknowledged} acknowledged, ${ledger.revived.size} revived; accepted at most: ${longest}`);
        t.ok(ledger.acknowledged > 0, "some logouts were acknowledged");
        t.strictSame([...ledger.revived], [], promise);
        rows.push({ world: shape.name, what, promise, ledger });
      });
    }
  });
}
if (LONG) writeTable(rows);
