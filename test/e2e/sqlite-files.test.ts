import { copyFileSync, statSync } from "node:fs";
import { join } from "node:path";
import Sqlite from "libsql";
import t, { type Test } from "../support/tap.js";
import { migrate, openDatabase, pendingMigrations } from "../../src/stores/prisma/database.js";
import { runCli, startServer } from "../support/process.js";
import { migratedSqlite, sqlite, temporaryFolder } from "../support/services.js";
import { at } from "./support.js";

/** A folder for the file of a service, and what is done with it. */
function place(t: Test) {
  const folder = temporaryFolder(t);
  const path = join(folder, "data.db");
  const env = { DATABASE_URL: `file:${path}`, AUTHFLOW_KEY_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString("base64") };
  return {
    folder, path, env, start: () => startServer(t, env),
    /** Bytes that the file of the database lacks. */
    lacks: () => statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0,
    clients: async () => (await runCli(["clients", "list"], env)).stdout.trim().split("\n").length,
  };
}

await t.test("after its end, the file alone is the whole database: a copy is a backup, also of an end after a crash",
  async (t) => {
    const { folder, path, start, lacks, clients } = place(t);
    const server = await start();
    await at(server.url).register();
    t.equal(await server.stop(), 0);
    t.equal(lacks(), 0);

    const crashing = await start();
    await at(crashing.url).register();
    await crashing.kill();
    t.ok(lacks() > 0);
    const next = await start();
    t.equal(await next.stop(), 0);
    t.equal(lacks(), 0);

    copyFileSync(path, join(folder, "copy.db"));
    const later = await start();
    await at(later.url).register();
    t.equal(await later.stop(), 0);
    t.equal(await clients(), 3);
    copyFileSync(join(folder, "copy.db"), path);
    t.equal(await clients(), 2, "nothing is replayed over what was restored");
  });

await t.test("the commands leave a complete file, those with an exit code that is not 0 too", async (t) => {
  const { env, lacks } = place(t);
  for (const [args, code] of [
    [["migrate"], 0], [["clients", "add", "shop", "https://shop.example/cb"], 0], [["clients", "list"], 0],
    [["clients", "show", "unknown"], 1],
  ] as const) {
    t.equal((await runCli([...args], env)).code, code, args.join(" "));
    t.equal(lacks(), 0, args.join(" "));
  }
});

await t.test("beside another process, a command and an end lose nothing", async (t) => {
  const { env, start, lacks, clients } = place(t);
  const [one, other] = [await start(), await start()];
  t.equal((await runCli(["clients", "add", "shop", "https://shop.example/cb"], env)).code, 0);
  await at(one.url).register();
  t.equal(await one.stop(), 0);
  await at(other.url).register();
  t.equal(await other.stop(), 0);
  t.equal(lacks(), 0);
  t.equal(await clients(), 3);
});

await t.test("each close writes back what the file lacks, while the process goes on", async (t) => {
  const url = sqlite(t);
  await migrate(url);
  const copy = join(temporaryFolder(t), "copy.db");
  copyFileSync(url.slice("file:".length), copy);
  t.strictSame(await pendingMigrations(`file:${copy}`), []);
});

await t.test("closing neither waits nor fails while somebody reads or writes", async (t) => {
  for (const begin of ["BEGIN; SELECT * FROM clients", "BEGIN IMMEDIATE"]) {
    const url = await migratedSqlite(t);
    const database = await openDatabase(url);
    const other = new Sqlite(url.slice("file:".length));
    other.exec(begin);
    await database.close();
    other.exec("ROLLBACK");
    other.close();
  }
});
