import { setTimeout as sleep } from "node:timers/promises";
import t from "../../support/tap.js";
import { openDatabase } from "../../../src/stores/prisma/database.js";
import { until } from "../../e2e/support.js";
import { testApp } from "../../support/app.js";
import { migratedSqlite } from "../../support/services.js";
import { aCutoff } from "../../contracts/samples.js";

const NEVER = 3_600_000;
/** With a thousand replicas; less than 200 ms, because a timer may be a bit early. */
const PAUSE = 190;

await t.test("one of a thousand replicas reads the log a few times a second, and misses no wake", async (t) => {
  const url = await migratedSqlite(t);
  const { replicas, close } = await openDatabase(url);
  for (let i = 1; i < 1000; i++)
    await replicas.save({ id: `${i}`, outlet: null, trusts: false, beat: 0, history: null });
  await close();
  // No poll: only a wake leads to a read.
  const { fastify } = await testApp(t, { DATABASE_URL: url }, { timing: { syncInterval: NEVER } });
  const { logChanged, logFollower, outletAgreement, database: { revocations } } = fastify;
  await until("it knows the others", () => outletAgreement.size === 1000);

  const { read } = revocations;
  let reads = 0;
  revocations.read = (...args) => { reads++; return read(...args); };
  const start = performance.now();
  const entries = Array.from({ length: 50 }, (_, i) => aCutoff({ scope: "sub", value: `subject ${i}` }));
  for (const entry of entries) {
    await revocations.append([entry]);
    logChanged.notify();
    await sleep(10);
  }
  await until("it knows the last one", () => entries.every((entry) => logFollower.index.includes(entry)));
  const most = Math.floor((performance.now() - start) / PAUSE) + 1;
  t.ok(reads <= most, `${reads} reads, at most ${most}`);
});
