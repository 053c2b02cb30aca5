import type { Test } from "tap";
import { rowsOf } from "../support/sql.js";
import t from "../support/tap.js";
import { testApp } from "../support/app.js";
import { pgBouncer } from "../support/pgbouncer.js";
import { ownedPostgres } from "../support/roles.js";
import { migrate, openDatabase, pendingMigrations } from "../../src/stores/prisma/database.js";

const TABLES = `SELECT DISTINCT schemaname AS name FROM pg_tables
  WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`;

/** Whether all tables are in `schema`, and Authflow finds them there. */
async function worksIn(t: Test, schema: string, url: string, direct = url): Promise<void> {
  t.not((await pendingMigrations(url)).length, 0);
  const app = await testApp(t, { DATABASE_URL: url });
  t.strictSame(await pendingMigrations(url), []);
  const tokens = [await app.mint(), await app.mint()] as const;
  t.equal((await app.logout(tokens[0])).status, 200);
  t.equal((await app.userinfo(tokens[0])).status, 401);
  t.equal((await app.userinfo(tokens[1])).status, 200);
  const plain = new URL(direct);
  plain.search = "";
  t.strictSame(await rowsOf(plain.href, TABLES), [{ name: schema }]);
}

const withParameter = (url: string, name: string, value: string): string =>
  `${url}?${name}=${encodeURIComponent(value)}`;
const ownSchema = (url: string): string => `CREATE SCHEMA "${new URL(url).username}"`;

await t.test("without a schema of its own, all is in public", async (t) => {
  const url = await ownedPostgres(t);
  if (url !== undefined) await worksIn(t, "public", url);
});

await t.test("a role's own schema", async (t) => {
  const url = await ownedPostgres(t);
  if (url === undefined) return;
  await rowsOf(url, ownSchema(url));
  await worksIn(t, new URL(url).username, url);
});

await t.test("a role's search_path, also through a pooler", async (t) => {
  const direct = await ownedPostgres(t, { search_path: "'Auth Flow'" });
  const url = direct && await pgBouncer(t, direct, "transaction");
  if (url === undefined) return;
  await t.rejects(migrate(url), /search_path names no schema that exists/);
  await rowsOf(direct as string, 'CREATE SCHEMA "Auth Flow"');
  await worksIn(t, "Auth Flow", url, direct);
});

await t.test("options=-c search_path", async (t) => {
  const url = await ownedPostgres(t);
  if (url === undefined) return;
  await rowsOf(url, "CREATE SCHEMA apart");
  await worksIn(t, "apart", withParameter(url, "options", "-c search_path=apart"), url);
});

await t.test("schema= of the URL, which is made if it is missing", async (t) => {
  const url = await ownedPostgres(t);
  if (url !== undefined) await worksIn(t, "a New one", withParameter(url, "schema", "a New one"), url);
});

await t.test("a schema that appears later hides no installation", async (t) => {
  const url = await ownedPostgres(t);
  if (url === undefined) return;
  await migrate(url);
  await rowsOf(url, ownSchema(url));
  t.strictSame(await pendingMigrations(url), []);
  const database = await openDatabase(url);
  t.equal((await database.installation.load()).clientRevision, 0);
  await database.close();
});

await t.test("tables in another schema than the URL's are not silently left behind", async (t) => {
  const url = await ownedPostgres(t);
  if (url === undefined) return;
  await migrate(url);
  for (const use of [migrate, openDatabase, pendingMigrations] as ((url: string) => Promise<unknown>)[]) {
    await t.rejects(use(withParameter(url, "schema", "other")), /schema=other, but .* are in the schema public/);
  }
  t.strictSame(await pendingMigrations(withParameter(url, "schema", "public")), []);
});

await t.test("a schema= that a pooler can't keep is refused", async (t) => {
  const direct = await ownedPostgres(t);
  const url = direct && await pgBouncer(t, direct, "session");
  if (url === undefined) return;
  await t.rejects(migrate(withParameter(url, "schema", "apart")), /pooler .* schema=apart.*SET search_path = "apart"/);
  await migrate(withParameter(url, "schema", "public"));
});
