import { rowsOf } from "../support/sql.js";
import t, { type Test } from "../support/tap.js";
import { ownedPostgres } from "../support/roles.js";
import { type Database, migrate, openDatabase } from "../../src/stores/prisma/database.js";
import { mapDriverError } from "../../src/stores/prisma/driver-errors.js";
import { aClient } from "./samples.js";

/** A migrated database, and one opened on it. */
async function opened(t: Test, poolSize?: number): Promise<{ url: string; database: Database } | undefined> {
  const url = await ownedPostgres(t);
  if (url === undefined) return undefined;
  await migrate(url);
  const database = await openDatabase(url, poolSize);
  t.teardown(() => database.close());
  return { url, database };
}

/** From now on inserting a client fails with `code`, the first `times` times. A sequence is not rolled back. */
async function failInserts(url: string, code: string, times: number): Promise<void> {
  await rowsOf(url, `DROP SEQUENCE IF EXISTS attempts; CREATE SEQUENCE attempts;
    CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF nextval('attempts') <= ${times} THEN RAISE EXCEPTION 'on purpose' USING ERRCODE = '${code}'; END IF;
      RETURN NEW;
    END $$;
    CREATE OR REPLACE TRIGGER fail BEFORE INSERT ON clients FOR EACH ROW EXECUTE FUNCTION fail()`);
}
const attempts = async (url: string): Promise<number> =>
  Number((await rowsOf(url, "SELECT last_value FROM attempts"))[0]?.last_value);

await t.test("a conflict with another transaction is repeated a bounded number of times", async (t) => {
  const found = await opened(t);
  if (found === undefined) return;
  const { url, database } = found;
  for (const code of ["40001", "40P01"]) {
    await failInserts(url, code, 3);
    const { id } = await database.clients.insert(aClient());
    t.equal((await database.clients.find(id))?.id, id);
    t.equal(await attempts(url), 4);

    await failInserts(url, code, 1000);
    await t.rejects(database.clients.insert(aClient()), { status: 503, code: "temporarily_unavailable" });
    t.equal(await attempts(url), 12);
  }
});

await t.test("what the database can't do now is 503, without a second attempt", async (t) => {
  const found = await opened(t);
  if (found === undefined) return;
  const { url, database } = found;
  for (const code of ["57P01", "57P02", "57P03", "57014", "53300", "53100", "25006", "08006", "55P03", "58030"]) {
    await failInserts(url, code, 1);
    await t.rejects(database.clients.insert(aClient()), { status: 503, code: "temporarily_unavailable" }, code);
    t.equal(await attempts(url), 1, code);
  }
});

await t.test("errors of the network are 503", async (t) => {
  for (const code of ["EAI_AGAIN", "ENOTFOUND", "ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT", "EHOSTUNREACH"]) {
    const error = Object.assign(new Error(`getaddrinfo ${code} db`), { code, syscall: "getaddrinfo", errno: -1 });
    t.throws(() => mapDriverError(error), { status: 503, code: "temporarily_unavailable" }, code);
  }
  const bug = new TypeError("undefined is not a function");
  t.throws(() => mapDriverError(bug), bug, "an error of our own stays what it is");
});

await t.test("a text that the database can't hold is the request's fault", async (t) => {
  const found = await opened(t);
  if (found === undefined) return;
  for (const code of ["22021", "22P05"]) {
    await failInserts(found.url, code, 1);
    await t.rejects(found.database.clients.insert(aClient()), { status: 400, code: "invalid_request" }, code);
  }
});

await t.test("a database that became read-only answers 503, and connections to it do not stay", async (t) => {
  const found = await opened(t, 1);
  if (found === undefined) return;
  const { url, database } = found;
  const name = new URL(url).pathname.slice(1);
  /** From the next connection on, as when the address leads to another server. */
  const readOnly = async (value: "on" | "off"): Promise<void> => {
    await rowsOf(url, `BEGIN READ WRITE; ALTER DATABASE ${name} SET default_transaction_read_only = ${value}; COMMIT`);
  };
  t.equal(await database.condition(), "up");
  await readOnly("on");
  await database.close(); // it connects again when it is used
  t.equal(await database.condition(), "read-only");

  await t.rejects(database.clients.insert(aClient()), { status: 503, code: "temporarily_unavailable" });
  await readOnly("off");
  t.equal((await database.clients.insert(aClient())).disabled, false, "after a transaction that failed");

  await readOnly("on");
  await database.close();
  t.equal(await database.condition(), "read-only");
  await readOnly("off");
  t.equal(await database.condition(), "up", "after a check that failed");
});

await t.test("the pool holds as many connections as the URL or the setting says", async (t) => {
  const found = await opened(t);
  if (found === undefined) return;
  const held = async (suffix: string, poolSize?: number): Promise<number> => {
    const database = await openDatabase(`${found.url}?application_name=counted&${suffix}`, poolSize);
    try {
      await Promise.all(Array.from({ length: 40 }, () => database.clients.find("x")));
      const [row] = await rowsOf(found.url,
        "SELECT count(*)::int AS it FROM pg_stat_activity WHERE application_name = 'counted'");
      return row?.it as number;
    } finally {
      await database.close();
    }
  };
  t.equal(await held(""), 10);
  t.equal(await held("connection_limit=3"), 3);
  t.equal(await held("connection_limit=3", 5), 5);
});
