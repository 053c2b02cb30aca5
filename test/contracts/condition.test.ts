import { copyFileSync, renameSync, writeFileSync } from "node:fs";
import Sqlite from "libsql";
import { rowsOf } from "../support/sql.js";
import t, { type Test } from "../support/tap.js";
import { DATABASE_FAULTS, type DatabaseCondition } from "../../src/shared/database-fault.js";
import { FOREVER } from "../../src/revocation/entry.js";
import { type Database, migrate, openDatabase } from "../../src/stores/prisma/database.js";
import { ownedPostgres } from "../support/roles.js";
import { postgresServer } from "../support/servers.js";
import { migratedSqlite } from "../support/services.js";
import { onEveryDialect, run } from "./dialects.js";

const entry = { scope: "jti", value: "a-jti", issuedBefore: FOREVER, expiresAt: FOREVER } as const;

/** key_state is read at the start only, and no code uses logins any more. */
const UNCHECKED = ["_prisma_migrations", "key_state", "logins"];

/** The fault is the condition, and what a logout is told. */
async function isNamed(t: Test, database: Database, fault: Exclude<DatabaseCondition, "up">): Promise<void> {
  t.equal(await database.condition(), fault);
  await t.rejects(database.revocations.append([entry]), {
    status: 503, message: `The database ${DATABASE_FAULTS[fault].what}: its operator has to act`,
  });
}

await t.test("checks write and leave nothing, also several at once", (t) => onEveryDialect(t, async (t, own) => {
  const databases = [await own.open(), await own.open()] as const;
  const checks = Array.from({ length: 10 }, (_, i) => (databases[i % 2] as Database).condition());
  t.strictSame(await Promise.all(checks), Array(10).fill("up"));
  t.strictSame((await databases[0].revocations.read(0, 10)).entries, []);
  t.strictSame(await run(own.url, "SELECT position FROM revocation_log"), []);
}));

await t.test("a missing table is named, whichever it is", (t) => onEveryDialect(t, async (t, { url, open }) => {
  const database = await open();
  const list = url.startsWith("file:")
    ? "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
    : "SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()";
  const tables = (await run(url, list) as { name: string }[]).map(({ name }) => name);
  t.ok(tables.length >= 12);
  for (const table of tables.filter((name) => !UNCHECKED.includes(name))) {
    await run(url, `ALTER TABLE ${table} RENAME TO elsewhere`);
    t.equal(await database.condition(), "missing", table);
    if (table === "revocation_log") await isNamed(t, database, "missing");
    await run(url, `ALTER TABLE elsewhere RENAME TO ${table}`);
  }
  t.equal(await database.condition(), "up");
}));

await t.test("SQLite: a file that reached its limit, that is damaged, that is gone", async (t) => {
  const opened = async (): Promise<[path: string, database: Database]> => {
    const url = await migratedSqlite(t);
    const database = await openDatabase(url);
    t.teardown(() => database.close());
    return [url.slice("file:".length), database];
  };
  const [path, damaged] = await opened();
  await damaged.close();
  new Sqlite(path).exec("PRAGMA wal_checkpoint(TRUNCATE)");
  writeFileSync(path, Buffer.alloc(64 * 1024, 7));
  t.equal(await damaged.condition(), "damaged");
  await t.rejects(damaged.revocations.horizon(), { status: 503, message: /^The database is damaged/ });

  const [where, gone] = await opened();
  await gone.close();
  for (const suffix of ["", "-wal", "-shm"]) {
    try { renameSync(where + suffix, `${where}.moved${suffix}`); } catch { /* there was none */ }
  }
  t.equal(await gone.condition(), "missing", "a new, empty file took its place");
});

await t.test("SQLite: a file that is deleted or replaced while it is open takes no revocation", async (t) => {
  const url = await migratedSqlite(t);
  const path = url.slice("file:".length);
  const database = await openDatabase(url);
  t.teardown(() => database.close());
  await database.revocations.append([entry]);
  t.equal(await database.condition(), "up");
  for (const file of [path, `${path}-wal`]) {
    const back = `${file}.back`;
    for (const instead of [() => undefined, () => { copyFileSync(back, file); }]) {
      renameSync(file, back);
      instead();
      await isNamed(t, database, "replaced");
      await t.rejects(database.revocations.read(0, 1), { message: /deleted or replaced/ });
      renameSync(back, file);
      t.equal(await database.condition(), "up", "it was put back");
    }
  }
});

await t.test("PostgreSQL: a permission that was taken, a password that changed, a database that is gone", async (t) => {
  const url = await ownedPostgres(t);
  if (url === undefined) return;
  await migrate(url);
  const database = await openDatabase(url);
  t.teardown(() => database.close());
  const { username, pathname } = new URL(url);
  await rowsOf(url, `REVOKE INSERT ON revocation_log FROM ${username}`);
  await isNamed(t, database, "denied");
  await rowsOf(url, `GRANT INSERT ON revocation_log TO ${username}`);
  t.equal(await database.condition(), "up");
  await rowsOf(url, `REVOKE INSERT ON refresh_tokens FROM ${username}`);
  t.equal(await database.condition(), "denied");
  await rowsOf(url, `GRANT INSERT ON refresh_tokens TO ${username}`);
  await rowsOf(url, `REVOKE UPDATE ON revocation_log_head FROM ${username}`);
  await isNamed(t, database, "denied");
  await rowsOf(url, `GRANT UPDATE ON revocation_log_head TO ${username}`);

  const server = postgresServer();
  await rowsOf(server, `ALTER ROLE ${username} CONNECTION LIMIT 0`);
  await database.close(); // it connects again
  await t.rejects(database.condition(), { message: /too many connections/ }, "another time there may be room");
  await rowsOf(server, `ALTER ROLE ${username} CONNECTION LIMIT -1 NOLOGIN`);
  t.equal(await database.condition(), "denied");
  await rowsOf(server, `ALTER ROLE ${username} LOGIN`);
  t.equal(await database.condition(), "up");
  await database.close();
  await rowsOf(server, `ALTER DATABASE ${pathname.slice(1)} RENAME TO ${pathname.slice(1)}_away`);
  t.equal(await database.condition(), "missing");
  await rowsOf(server, `ALTER DATABASE ${pathname.slice(1)}_away RENAME TO ${pathname.slice(1)}`);
  t.equal(await database.condition(), "up");
});
