import { rowsOf } from "../support/sql.js";
import t from "../support/tap.js";
import { OPERATOR, testApp } from "../support/app.js";
import { pgBouncer } from "../support/pgbouncer.js";
import { ownedPostgres } from "../support/roles.js";
import { postgresServer } from "../support/servers.js";
import { connect } from "../../src/stores/prisma/db.js";
import { migrate, openDatabase } from "../../src/stores/prisma/database.js";
import { aClient, anEntry } from "./samples.js";

t.jobs = 3;

/** What a role's sessions may begin with. */
const ROLES: Record<string, Record<string, string>> = {
  "German dates, repeatable read": {
    datestyle: "'German'", timezone: "'Asia/Kolkata'", intervalstyle: "'sql_standard'", bytea_output: "'escape'",
    default_transaction_isolation: "'repeatable read'", extra_float_digits: "-15", client_encoding: "'LATIN1'",
  },
  "SQL dates, serializable": {
    datestyle: "'SQL, DMY'", timezone: "'America/St_Johns'", standard_conforming_strings: "off",
    default_transaction_isolation: "'serializable'", statement_timeout: "'2s'", lock_timeout: "'2s'",
    idle_in_transaction_session_timeout: "'2s'", synchronous_commit: "off",
    idle_session_timeout: "'2s'", exit_on_error: "on", row_security: "on",
  },
};

for (const [name, settings] of Object.entries(ROLES)) {
  for (const through of ["no pooler", "session", "transaction"] as const) {
    await t.test(`a role with ${name}, through ${through}`, async (t) => {
      const direct = await ownedPostgres(t, settings);
      const url = direct && (through === "no pooler" ? direct : await pgBouncer(t, direct, through));
      if (url === undefined) return;
      const app = await testApp(t, { DATABASE_URL: url, AUTHFLOW_STATUS_LISTS: "on" });
      const client = await app.register({ name: "Łukasz" });

      const tokens = await Promise.all(Array.from({ length: 40 }, () => app.mint({ sub: "Łukasz 🚲" }, client)));
      const logouts = await Promise.all(tokens.map((token) => app.logout(token)));
      t.strictSame(logouts.map(({ status }) => status), Array(40).fill(200));
      const asked = await Promise.all(tokens.map((token) => app.userinfo(token)));
      t.strictSame(asked.map(({ status }) => status), Array(40).fill(401), "not one of them is accepted again");

      const [ended, everywhere] = [await app.mint({ sub: "bob" }, client), await app.mint({ sub: "bob" }, client)];
      const headers = { authorization: `Bearer ${everywhere}` };
      t.match(await app.call("POST", "/logout", { headers, payload: { everywhere: true } }), { status: 200 });
      t.equal((await app.userinfo(ended)).status, 401, "everywhere includes the other token");

      const path = `/clients/${client.client_id}`;
      const changed = await Promise.all(Array.from({ length: 20 }, (_, i) =>
        app.call("PATCH", path, { headers: OPERATOR, payload: { name: `Name ${i}` } })));
      t.strictSame(changed.map(({ status }) => status), Array(20).fill(200));
      const alive = await app.mint({ sub: "carol" }, client);
      t.equal((await app.userinfo(alive)).status, 200, "and what is not revoked is accepted");

      // Another replica reads what this one wrote, instants and bytes included.
      const other = await testApp(t, { DATABASE_URL: url });
      t.strictSame((await app.call("GET", path, { headers: OPERATOR })).body,
        (await other.call("GET", path, { headers: OPERATOR })).body);
      for (const token of [...tokens, ended]) t.equal((await other.userinfo(token)).status, 401);
    });
  }
}

await t.test("each session is set, whatever the role's begins with", async (t) => {
  const url = await ownedPostgres(t, Object.assign({}, ...Object.values(ROLES)) as Record<string, string>);
  if (url === undefined) return;
  const db = await connect(url);
  t.teardown(() => db.close());
  const read = () => db.prisma.$queryRawUnsafe<{ name: string; setting: string }[]>(`
    SELECT name, setting FROM pg_settings WHERE name IN ('DateStyle', 'TimeZone',
      'client_encoding', 'standard_conforming_strings', 'search_path', 'default_transaction_isolation',
      'statement_timeout', 'lock_timeout', 'synchronous_commit', 'bytea_output', 'IntervalStyle',
      'extra_float_digits', 'idle_in_transaction_session_timeout', 'idle_session_timeout', 'exit_on_error',
      'row_security') ORDER BY lower(name)`);
  for (const rows of await Promise.all([read(), read(), read(), read()])) {
    t.strictSame(Object.fromEntries(rows.map(({ name, setting }) => [name, setting])), {
      bytea_output: "hex", client_encoding: "UTF8", DateStyle: "ISO, MDY",
      default_transaction_isolation: "read committed", exit_on_error: "off", extra_float_digits: "1",
      idle_in_transaction_session_timeout: "10000", idle_session_timeout: "0", IntervalStyle: "postgres",
      lock_timeout: "0", row_security: "off", search_path: '"public"', standard_conforming_strings: "on",
      statement_timeout: "5000", synchronous_commit: "on", TimeZone: "UTC",
    });
  }
});

await t.test("row-level security hides no revocation: what it would hide is an error", async (t) => {
  const url = await ownedPostgres(t);
  const pooled = url && await pgBouncer(t, url, "transaction");
  if (url === undefined || pooled === undefined) return;
  await migrate(url);
  const opened = async (at: string) => {
    const database = await openDatabase(at);
    t.teardown(() => database.close());
    return database;
  };
  await opened(pooled);
  const running = await opened(url);
  await running.revocations.append([anEntry()]);
  await rowsOf(url, "ALTER TABLE revocation_log ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY");
  t.strictSame(await rowsOf(url, "SELECT * FROM revocation_log"), [], "as others see it");
  for (const database of [running, await opened(url)]) {
    await t.rejects(database.revocations.read(0, 10), { message: /denies Authflow a permission/ });
    await t.rejects(database.revocations.find([anEntry()]), { message: /denies Authflow a permission/ });
    t.equal(await database.condition(), "denied");
  }
  await t.rejects(openDatabase(pooled), /row-level security hides rows of revocation_log.*user who owns/);
});

await t.test("a log that a crash would empty is refused", async (t) => {
  const url = await ownedPostgres(t);
  if (url === undefined) return;
  await migrate(url);
  await rowsOf(url, "ALTER TABLE revocation_log SET UNLOGGED");
  await t.rejects(openDatabase(url), /revocation_log is UNLOGGED.*SET LOGGED/);
  await rowsOf(url, "ALTER TABLE revocation_log SET LOGGED");
  await (await openDatabase(url)).close();
});

await t.test("an instant in another format is an error, never an invalid date", async (t) => {
  const url = await ownedPostgres(t);
  if (url === undefined) return;
  const db = await connect(url, 1);
  t.teardown(() => db.close());
  const now = () => db.prisma.$queryRaw<{ now: Date }[]>`SELECT localtimestamp AS now`;
  t.ok(Number.isFinite((await now())[0]?.now.getTime()));
  const others = [["datestyle", "German"], ["datestyle", "SQL, MDY"], ["timezone", "Asia/Kolkata"]] as const;
  for (const [name, value] of others) {
    const read = db.transaction(async (tx) => {
      await tx.$executeRawUnsafe(`SET LOCAL ${name} = '${value}'`);
      return tx.$queryRaw`SELECT clock_timestamp() AS now`;
    });
    await t.rejects(read, /not in ISO format/, value);
  }
  await t.rejects(db.prisma.$queryRaw`SELECT 'infinity'::timestamp AS now`, /not in ISO format/);
});

await t.test("a database that can't hold every text is refused", async (t) => {
  const url = await ownedPostgres(t);
  if (url === undefined) return;
  const name = new URL(url).pathname.slice(1);
  await rowsOf(postgresServer(), `DROP DATABASE ${name}`);
  await rowsOf(postgresServer(),
    `CREATE DATABASE ${name} ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`);
  await t.rejects(migrate(url), /encoding is LATIN1.*ENCODING 'UTF8'/);
  await t.rejects(openDatabase(url), /encoding is LATIN1/);
});

await t.test("PgBouncer's statement mode is refused by its name", async (t) => {
  const direct = await ownedPostgres(t);
  const url = direct && await pgBouncer(t, direct, "statement");
  if (url === undefined) return;
  await t.rejects(migrate(url), /pool_mode is statement.*session or transaction/);
});

await t.test("what PgBouncer itself refuses is said in its words", async (t) => {
  const direct = await ownedPostgres(t);
  const url = direct && await pgBouncer(t, direct, "session");
  if (url === undefined) return;
  await t.rejects(migrate(`${url}?options=-c%20search_path%3Dpublic`), /unsupported startup parameter: options/);
});

await t.test("a pooler's other clients keep their own settings", async (t) => {
  const direct = await ownedPostgres(t);
  const url = direct && await pgBouncer(t, direct, "transaction");
  if (url === undefined) return;
  await migrate(url);
  const database = await openDatabase(url, 1);
  t.teardown(() => database.close());
  await database.clients.insert(aClient()); // in a transaction
  const [row] = await rowsOf(url, "SELECT current_setting('statement_timeout') AS it");
  t.strictSame(row, { it: "0" });
});

for (const [setting, expected] of [["off", "on"], ["local", "local"]] as const) {
  await t.test(`behind a pooler, a logout is committed with ${expected} where the role has ${setting}`, async (t) => {
    const direct = await ownedPostgres(t, { synchronous_commit: setting });
    const url = direct && await pgBouncer(t, direct, "transaction");
    if (direct === undefined || url === undefined) return;
    await migrate(url);
    await rowsOf(direct, `CREATE TABLE commits (setting text);
      CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO commits VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$;
      CREATE CONSTRAINT TRIGGER note AFTER INSERT ON revocation_log DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION note()`);
    const { revocations, close } = await openDatabase(url);
    t.teardown(close);
    await revocations.append([anEntry()]);
    t.strictSame(await rowsOf(direct, "SELECT setting FROM commits"), [{ setting: expected }]);
  });
}
