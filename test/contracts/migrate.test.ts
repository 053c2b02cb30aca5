import { chmodSync, existsSync, mkdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import pg from "pg";
import t from "../support/tap.js";
import { migrate, openDatabase, pendingMigrations } from "../../src/stores/prisma/database.js";
import { apply } from "../../src/stores/prisma/migrate-postgres.js";
import { until } from "../e2e/support.js";
import { migratedPostgres, sqlite } from "../support/services.js";
import { onEveryEmptyDatabase, run, startJob } from "./dialects.js";

await onEveryEmptyDatabase(t, async (t, url) => {
  let names: string[] = [];

  await t.test("a migration that fails leaves nothing", async (t) => {
    await run(url, "CREATE TABLE revocations (stands INTEGER, in_the_way INTEGER)");
    names = await pendingMigrations(url);
    await t.rejects(migrate(url));
    await t.rejects(run(url, "SELECT * FROM clients"));
    t.strictSame(await pendingMigrations(url), names);
    await run(url, "DROP TABLE revocations");
  });

  await t.test("eight processes at once apply each migration once", async (t) => {
    const jobs = await Promise.all(Array.from({ length: 8 }, () => startJob("migrate", url).ended));
    // One process may apply the first and another the second: all together applied each once; the ledger has the order.
    t.strictSame(jobs.flatMap(({ lines }) => JSON.parse(lines[0] ?? "null") as string[]).sort(), names);
    t.strictSame(jobs.map(({ code }) => code), Array(8).fill(0));
    const ledger = names.map((name) => ({ migration_name: name }));
    t.strictSame(await run(url, "SELECT migration_name FROM _prisma_migrations"), ledger);
    t.strictSame(await pendingMigrations(url), []);
    t.strictSame(await migrate(url), []);
  });

  await t.test("a ledger that disagrees is refused with the reason", async (t) => {
    await run(url, "UPDATE _prisma_migrations SET finished_at = NULL");
    await t.rejects(migrate(url), /never finished/);
    await run(url, "UPDATE _prisma_migrations SET finished_at = started_at, checksum = 'x'");
    await t.rejects(migrate(url), /edited after it was applied/);
    await t.rejects(pendingMigrations(url), /edited after it was applied/);
  });
});

await t.test("asking what is pending makes no SQLite file", async (t) => {
  const url = sqlite(t);
  t.not((await pendingMigrations(url)).length, 0);
  t.equal(existsSync(url.slice("file:".length)), false);
});

await t.test("an idle reader stops no other query while a migration waits for it", async (t) => {
  const url = await migratedPostgres(t);
  if (url === undefined) return;
  const [reader, other] = [new pg.Client({ connectionString: url }), new pg.Client({ connectionString: url })];
  for (const client of [reader, other]) await client.connect();
  t.teardown(() => Promise.all([reader.end(), other.end()]));
  await reader.query("BEGIN; SELECT * FROM clients");
  const said: string[] = [];
  const column = { name: "a_column", sql: "ALTER TABLE clients ADD COLUMN a_column INTEGER", checksum: "x" };
  const applied = apply(url, [column], (doing) => said.push(doing));
  await until("it waits", () => said.at(-1)?.startsWith("waiting for open transactions to end") === true);
  await other.query("SET statement_timeout = '2s'"); // less than the pause, in which it must get through
  for (let i = 0; i < 3; i++) await other.query("SELECT * FROM clients");
  t.equal(said.length, 3, "it does not repeat itself");
  await reader.query("COMMIT");
  t.strictSame(await applied, ["a_column"]);
  t.strictSame(said.slice(0, 2), ["waiting for the lock of the migrations", "applying the migration a_column"]);
});

await t.test("the files of SQLite are for this user alone, those of an earlier version too", async (t) => {
  const url = sqlite(t);
  const path = url.slice("file:".length);
  const modes = (): string[] =>
    ["", "-wal", "-shm"].map((suffix) => (statSync(path + suffix).mode & 0o777).toString(8));
  const before = process.umask(0);
  t.teardown(() => process.umask(before));
  await migrate(url);
  const database = await openDatabase(url);
  t.teardown(() => database.close());
  t.equal(await database.condition(), "up");
  t.strictSame(modes(), ["600", "600", "600"]);
  for (const suffix of ["", "-wal", "-shm"]) chmodSync(path + suffix, 0o644);
  await migrate(url);
  t.strictSame(modes(), ["600", "600", "600"]);
});

await t.test("the folder of a SQLite file is made for this user alone, one that stands keeps its mode", async (t) => {
  const folder = dirname(sqlite(t).slice("file:".length));
  mkdirSync(join(folder, "open"), { mode: 0o755 });
  for (const [name, mode] of [["made", 0o700], ["open", 0o755]] as const) {
    const url = `file:${join(folder, name, "authflow.db")}`;
    await migrate(url);
    t.equal(statSync(join(folder, name)).mode & 0o777, mode);
    const database = await openDatabase(url.replace("file:", "file://"));
    t.equal((await database.installation.load()).clientRevision, 0);
    await database.close();
  }
});
