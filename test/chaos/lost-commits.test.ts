import { setTimeout as sleep } from "node:timers/promises";
import t from "../support/tap.js";
import { privatePostgres, type PrivatePostgres } from "../support/private-postgres.js";
import { startServer } from "../support/process.js";
import { temporaryFolder } from "../support/services.js";
import { openDatabase } from "../../src/stores/prisma/database.js";
import { ADMIN, asAdmin, at, statuses, tokens, until } from "../e2e/support.js";

/** Saves the database as it is. Resolves to what brings it back. */
type BackUp = (server: PrivatePostgres, file: string) => Promise<() => Promise<unknown>>;

/** A dump in which no replica is named: it was made before they started. */
const dump = (server: PrivatePostgres, file: string) =>
  server.program("pg_dump", "--dbname=authflow", "--format=custom", "--exclude-table-data=replicas", "--file", file);
const restoreDump = (server: PrivatePostgres, file: string, ...options: string[]) =>
  server.program("pg_restore", "--dbname=authflow", ...options, file);
const TABLES = "SELECT string_agg(quote_ident(tablename), ', ') AS all FROM pg_tables WHERE schemaname = 'public'";

/** To a replica these are much like the first way. `npm run test:chaos` tries them too. */
const RARE = new Set(["pg_restore --clean in one transaction", "a database that is dropped and made again"]);
const WAYS: Record<string, BackUp> = {
  "pg_restore --clean": async (server, file) => {
    await dump(server, file);
    return () => restoreDump(server, file, "--clean");
  },
  "pg_restore --clean in one transaction": async (server, file) => {
    await dump(server, file);
    return () => restoreDump(server, file, "--clean", "--single-transaction");
  },
  "a database that is dropped and made again": async (server, file) => {
    await dump(server, file);
    return async () => {
      await server.sql("DROP DATABASE authflow WITH (FORCE)");
      await server.sql("CREATE DATABASE authflow");
      await restoreDump(server, file);
    };
  },
  "tables that are emptied and filled": async (server, file) => {
    await dump(server, file);
    return async () => {
      const [{ all }] = await server.sql(TABLES, "authflow") as [{ all: string }];
      await server.sql(`TRUNCATE ${all}`, "authflow");
      await restoreDump(server, file, "--data-only", "--disable-triggers");
    };
  },
  "files that are copied back while the server is stopped": (server) => server.backUp(),
};

for (const [way, backUp] of Object.entries(WAYS)) {
  if (RARE.has(way) && process.env.AUTHFLOW_CHAOS !== "long") continue;
  await t.test(`what is true after ${way}`, async (t) => {
    const server = await privatePostgres(t);
    if (server === undefined) return;
    await server.sql("CREATE DATABASE authflow");
    const env = {
      DATABASE_URL: Object.assign(new URL(server.url), { pathname: "/authflow" }).href, AUTHFLOW_ADMIN_TOKEN: ADMIN,
      AUTHFLOW_KEY_ENCRYPTION_KEY: Buffer.alloc(32, 5).toString("base64"), AUTHFLOW_RATE_LIMIT_IP: "1000000",
    };
    const [first, second] = [await startServer(t, env), await startServer(t, env)];
    const [a, b] = [at(first.url), at(second.url)];
    const [client, changed, disabled] = [await a.register(), await a.register(), await a.register()];
    const [live, ...lost] = await tokens(a, client, 41) as [string, ...string[]];
    for (const { logout } of [a, b]) await logout(await a.token(client));
    const restore = await backUp(server, `${temporaryFolder(t)}/backup`);
    const keys = (await b.jwks()).length;
    t.equal((await b.mint(disabled)).status, 200);
    t.equal((await a.ask("PATCH", `/clients/${changed.client_id}`, asAdmin, { disabled: true })).status, 200);
    t.equal((await a.ask("POST", "/keys/rotate", asAdmin)).status, 200);
    await until("B knows the changes", async () =>
      (await b.mint(changed)).status === 401 && (await b.jwks()).length > keys);
    let [isOver, asked] = [false, 0];
    const load = Promise.all([a, a, b, b].map(async ({ userinfo }) => {
      for (; !isOver; asked++) await userinfo(live);
    }));

    // Only A knows the logouts, and the database goes back before A can give them to the log again.
    process.kill(second.pid, "SIGSTOP");
    for (const { status } of await Promise.all(lost.map(a.logout))) t.equal(status, 200);
    process.kill(first.pid, "SIGSTOP");
    await restore();
    // Other changes get the revisions of those that were lost.
    const { clients, keys: ring, close } = await openDatabase(env.DATABASE_URL);
    await clients.update(disabled.client_id, Date.now(), () => ({ disabled: true }));
    const { revision, keys: restored } = await ring.load();
    t.equal(await ring.save(revision, restored), true);
    await close();
    process.kill(second.pid, "SIGCONT");
    const early = await Promise.all(lost.map(b.userinfo));
    process.kill(first.pid, "SIGCONT");
    t.notOk(early.some(({ status }) => status === 200), `B answers ${statuses(early).join(" and ")}`);
    const asking = async (): Promise<boolean> => {
      const now = statuses(await Promise.all(lost.map(b.userinfo)));
      t.notOk(now.includes(200));
      return now.join() === "401";
    };
    const duration = await until("B has them from A", asking);
    await until("B knows of others that they are live", async () => (await b.userinfo(live)).status === 200);
    t.comment(`B refuses them after ${duration} ms`);
    await sleep(500); // A's memory, and B's, follow the log that was restored
    t.ok(await asking(), "and it stays so");
    t.same(statuses(await Promise.all(lost.map(a.userinfo))), [401]);
    await until("a client that is disabled now mints nothing", async () => (await b.mint(disabled)).status === 401);
    await until("a client whose change was lost mints", async () => (await b.mint(changed)).status === 200);
    await until("a key that was lost is not shown", async () => (await b.jwks()).length === keys);
    isOver = true;
    await load;
    t.ok(asked > 0);
  });
}
