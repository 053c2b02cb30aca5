import { setTimeout as sleep } from "node:timers/promises";
import Sqlite from "libsql";
import pg from "pg";
import t, { type Test } from "../support/tap.js";
import { startServer } from "../support/process.js";
import { postgres, sqlite } from "../support/services.js";

t.jobs = 2; // both wait until the log says that the migration waits

/** Starts the server while the lock of its migrations is held, and releases it once the log says that it waits. */
async function startsLate(t: Test, DATABASE_URL: string, release: () => Promise<unknown>): Promise<void> {
  const lines: string[] = [];
  const started = startServer(t, { DATABASE_URL }, "/health/ready", (output) => lines.push(output));
  started.catch(() => undefined);
  while (!/"seconds":\d+.*"msg":"still waiting for the lock/.test(lines.join(""))) {
    await Promise.race([sleep(50), started.then(() => { throw new Error("It started without the lock"); })]);
  }
  await release();
  const { output } = await started;
  t.match(output(), /"migrations":\["\d+_init",.*"msg":"migrations applied"/);
  t.equal(output().match(/migration/g)?.length, lines.join("").match(/migration/g)?.length);
}

t.test("SQLite: a start that waits for another process's migration says so, and goes on", async (t) => {
  const url = sqlite(t);
  const rival = new Sqlite(url.slice("file:".length));
  t.teardown(() => rival.close());
  rival.exec("PRAGMA journal_mode = WAL; BEGIN IMMEDIATE");
  await startsLate(t, url, async () => rival.exec("ROLLBACK"));
});

t.test("PostgreSQL: the same, whatever its sessions' timeouts", async (t) => {
  const url = await postgres(t);
  if (url === undefined) return;
  const rival = new pg.Client({ connectionString: url });
  await rival.connect();
  t.teardown(() => rival.end());
  const name = new URL(url).pathname.slice(1);
  for (const timeout of ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"]) {
    await rival.query(`ALTER DATABASE ${name} SET ${timeout} = '3s'`);
  }
  await rival.query("SELECT pg_advisory_lock(72707369)"); // Prisma Migrate's, and ours
  await startsLate(t, url, () => rival.query("SELECT pg_advisory_unlock(72707369)"));
});
