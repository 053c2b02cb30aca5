import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { rowsOf } from "../support/sql.js";
import t from "../support/tap.js";
import { basic, type Credentials, testApp } from "../support/app.js";
import { openIdSettings, openIdUpstream } from "../support/openid.js";
import { run } from "../contracts/dialects.js";
import { privateRedis } from "../support/private-redis.js";
import { cli } from "../support/cli.js";
import { pgBouncer } from "../support/pgbouncer.js";
import { type Finished, startServer } from "../support/process.js";
import { ownedPostgres } from "../support/roles.js";
import { postgres, sqlite } from "../support/services.js";
import { until } from "./support.js";

const NOWHERE = "http://localhost:1";
const doctor = (env: Record<string, string | undefined>): Promise<Finished> =>
  cli(["doctor"], { AUTHFLOW_PUBLIC_URL: NOWHERE, ...env });

/** Brings the database up to date; resolves to its URL. */
async function migrated(DATABASE_URL: string): Promise<string> {
  const { code, stderr } = await cli(["migrate"], { DATABASE_URL });
  if (code !== 0) throw new Error(stderr);
  return DATABASE_URL;
}

await t.test("doctor finds no problem in a healthy installation", async (t) => {
  const [DATABASE_URL, redis] = [await postgres(t), await privateRedis(t)];
  if (DATABASE_URL === undefined || redis === undefined) return;
  await redis.cli("CONFIG", "SET", "appendonly", "yes");
  const { url } = await startServer(t, { DATABASE_URL, REDIS_URL: redis.url });
  const env = { DATABASE_URL, REDIS_URL: redis.url, AUTHFLOW_PUBLIC_URL: url, AUTHFLOW_ISSUER: url };
  const { code, stdout, stderr } = await doctor(env);
  t.match({ code, stderr }, { code: 0, stderr: "" });
  t.notMatch(stdout, /FAIL|note/);
  const parts = [
    "settings are valid", "issuer is the public URL", "PostgreSQL answers and is up to date", "Redis answers",
    "maxmemory-policy noeviction", "appendonly yes", `the service answers at ${url}`, "clock agrees with PostgreSQL's",
    "clock agrees with Redis's",
    "clock agrees with the service's", "JWKS is reachable",
    "revocation feed is reachable", "status lists",
  ];
  for (const part of parts) t.match(stdout, new RegExp(`  ok   .*${part}`));
  t.match(stdout, /\nNo problems found\.\n$/);
});

await t.test("doctor says that registration is open to everybody, and what such clients may do", async (t) => {
  const { stdout } = await doctor({
    DATABASE_URL: await migrated(sqlite(t)), AUTHFLOW_PUBLIC_URL: "https://localhost.example.com",
    AUTHFLOW_REGISTRATION: "open", AUTHFLOW_SELF_REGISTERED_SCOPES: "mcp:tools",
    AUTHFLOW_KEY_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString("base64"),
  });
  t.match(stdout, / note  Registration is open to everybody .*Scopes: mcp:tools; resources: none/);
});

await t.test("doctor names a Redis that may evict revocations, and the remedy", async (t) => {
  const redis = await privateRedis(t);
  if (redis === undefined) return;
  const env = { DATABASE_URL: await migrated(sqlite(t)), REDIS_URL: redis.url };
  await redis.cli("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
  const broken = await doctor(env);
  t.match(broken, { code: 1, stderr: "" });
  t.match(broken.stdout, /FAIL .*maxmemory-policy allkeys-lru.*CONFIG SET maxmemory-policy noeviction/);
  t.match(broken.stdout, / note  Redis does not persist/);
  t.match(broken.stdout, /\n1 problem found\.\n$/);
  await redis.cli("CONFIG", "SET", "maxmemory-policy", "noeviction");
  t.match(await doctor(env), { code: 0, stdout: /No problems found/ });
});

await t.test("doctor names clients that have more permissions than they use, and how to withdraw them", async (t) => {
  const app = await testApp(t);
  const [listener, busy] = [await app.register({ name: "listener" }), await app.register({ name: "busy" })];
  await app.register({ name: "narrow", permissions: ["login", "introspect:own"] });
  const { client_id: id } = await app.register({ name: "idle", permissions: ["feed"] });
  const as = (client: Credentials) => ({ headers: basic(client) });
  await app.call("GET", "/revocations", as(listener));
  await app.call("GET", "/revocations", as(busy));
  await app.call("POST", "/revocations", { ...as(busy), payload: { sub: "alice" } });
  const token = await app.mint({}, busy);
  const form = { "content-type": "application/x-www-form-urlencoded" };
  for (const minted of [token, await app.mint({}, await app.register({ name: "other", permissions: ["mint"] }))]) {
    await app.call("POST", "/introspect", { headers: { ...basic(busy), ...form }, payload: `token=${minted}` });
  }
  await app.fastify.permissionUses.flush();
  const DATABASE_URL = app.fastify.config.databaseUrl;
  t.notMatch((await doctor({ DATABASE_URL })).stdout, /note {2}client/, "they had no time to use what they have");
  const ago = (days: number): number => Date.now() - days * 86_400_000;
  await run(DATABASE_URL, `UPDATE clients SET permissions_since = ${ago(31)}`);
  await run(DATABASE_URL, `UPDATE permission_uses SET used_at = ${ago(29)}`);
  const { code, stdout } = await doctor({ DATABASE_URL });
  t.equal(code, 0, "that is no fault");
  const granted = new Date(ago(31)).toISOString().slice(0, 8);
  t.match(stdout, new RegExp(` note {2}client listener has not used mint, introspect:any, revoke:any since ${granted}` +
    `\\d\\d: withdraw .*authflow clients permissions ${listener.client_id} login introspect:own feed revoke:own\\)`));
  t.match(stdout, new RegExp(` note {2}client idle has not used feed since .*authflow clients disable ${id}\\)`));
  for (const name of ["busy", "other", "narrow"]) t.notMatch(stdout, `client ${name}`);
});

await t.test("doctor says that the service uses another database, and what its readiness says", async (t) => {
  const [url, redis] = [await ownedPostgres(t), await privateRedis(t)];
  if (url === undefined || redis === undefined) return;
  const DATABASE_URL = await migrated(url);
  const service = await startServer(t, { DATABASE_URL, REDIS_URL: redis.url });
  const env = { DATABASE_URL, REDIS_URL: redis.url, AUTHFLOW_PUBLIC_URL: service.url };
  const same = await doctor(env);
  t.equal(same.code, 0, same.stdout);
  const others = [await migrated(sqlite(t)), sqlite(t)];
  for (const other of others) {
    t.match(await doctor({ ...env, DATABASE_URL: other }),
      { code: 1, stdout: / FAIL {2}the service there has none of the signing keys .*DATABASE_URL of the service/ });
  }
  await redis.stop();
  await rowsOf(url, `REVOKE INSERT ON revocation_log FROM ${new URL(url).username}`);
  await until("readiness says so", async () => {
    const { stdout } = await doctor(env);
    return ["database: denied", "redis: down"].every((part) =>
      stdout.includes(` FAIL  the service's readiness says ${part}. Its log says why`));
  });
});

await t.test("doctor fails where migrations are missing, and changes nothing itself", async (t) => {
  const DATABASE_URL = sqlite(t);
  const missing = await doctor({ DATABASE_URL });
  t.match(missing, { code: 1, stdout: / FAIL  SQLite lacks \d+ migration\(s\): run authflow migrate/, stderr: "" });
  t.match(missing.stdout, /\n1 problem found\.\n$/);
  t.notOk(existsSync(DATABASE_URL.slice("file:".length)), "no database was made");
  await migrated(DATABASE_URL);
  t.match(await doctor({ DATABASE_URL }), { code: 0, stdout: /  ok   SQLite answers and is up to date/ });
});

await t.test("doctor names a read-only PostgreSQL and a PgBouncer in the wrong mode",
  async (t) => {
    const [url, other] = [await ownedPostgres(t), await ownedPostgres(t)];
    const statement = other && await pgBouncer(t, other, "statement");
    if (url === undefined || statement === undefined) return;
    const DATABASE_URL = await migrated(url);
    const name = new URL(url).pathname.slice(1);
    await rowsOf(url, `ALTER DATABASE ${name} SET default_transaction_read_only = on`);
    t.match(await doctor({ DATABASE_URL }),
      { code: 1, stdout: / FAIL {2}PostgreSQL is read-only: .*DATABASE_URL.*default_transaction_read_only/ });
    t.match(await doctor({ DATABASE_URL: statement }),
      { code: 1, stdout: / FAIL {2}PostgreSQL can't be used: PgBouncer's pool_mode is statement.*session/ });
  });

await t.test("doctor names every service it can't reach and the setting to check, without passwords", async (t) => {
  const [DATABASE_URL, REDIS_URL] = ["postgres://authflow:a-password@127.0.0.1:1/x", "redis://:a-password@127.0.0.1:1"];
  const { code, stdout, stderr } = await doctor({ DATABASE_URL, REDIS_URL });
  t.match({ code, stderr }, { code: 1, stderr: "" });
  t.match(stdout, /FAIL .*PostgreSQL can't be used: .*ECONNREFUSED.*DATABASE_URL/);
  t.match(stdout, /FAIL .*Redis does not answer \(.*ECONNREFUSED.*\).*REDIS_URL/);
  t.match(stdout, / note  no service answers at .*localhost:1 \(not reachable .*\): start.*AUTHFLOW_PUBLIC_URL/);
  t.match(stdout, /\n2 problems found\.\n$/);
  t.notMatch(stdout, /a-password/);
  t.notMatch(stdout, /\n +at /);
});

await t.test("doctor asks providers what a login asks them, and names the callback URL they must know", async (t) => {
  const callback = `${NOWHERE}/auth/corp/callback`;
  const { settings, server } = await openIdUpstream(t, { callbacks: [callback] });
  const env = { ...settings, ...openIdSettings("gone", NOWHERE), AUTHFLOW_OIDC_PROVIDERS: "corp,gone" };
  const DATABASE_URL = await migrated(sqlite(t));
  const { code, stdout } = await doctor({ DATABASE_URL, ...env, GITHUB_CLIENT_ID: "h", GITHUB_CLIENT_SECRET: "s" });
  t.equal(code, 1);
  t.match(stdout, `  ok   logins through Corp are on: its console must list the callback URL ${callback}\n`);
  const github = `${NOWHERE}/auth/github/callback`;
  t.match(stdout, `  ok   logins through GitHub are on: its console must list the callback URL ${github}\n`);
  t.match(stdout, / FAIL {2}logins through gone don't work \(.*ECONNREFUSED.*\): check its settings/);
  server.closeAllConnections();
  t.match(await doctor({ DATABASE_URL }), { code: 0, stdout: /  ok   no login provider is switched on/ });
  t.match(await doctor({ DATABASE_URL, AUTHFLOW_LOGIN_URL: "https://login.example.com/" }),
    { code: 0, stdout: /  ok   logins through your login page are on: https:\/\/login\.example\.com\// });
});

await t.test("doctor says why a service with a wrong clock issues no token", async (t) => {
  let ahead = 0;
  const { fastify } = await testApp(t, {}, { systemClock: () => Date.now() + ahead });
  const url = await fastify.listen({ port: 0, host: "127.0.0.1" });
  const env = { DATABASE_URL: fastify.config.databaseUrl, AUTHFLOW_PUBLIC_URL: url };
  t.match(await doctor(env), { code: 0 });
  ahead = 7_200_000;
  t.match(await doctor(env), { code: 1, stdout: / FAIL {2}the service issues no token, because .*restart Authflow\n/ });
});

await t.test("doctor lists every fault of the settings", async (t) => {
  const { code, stdout } = await doctor({ DATABASE_URL: "mysql://x", PORT: "none" });
  t.equal(code, 1);
  t.match(stdout, /FAIL .*DATABASE_URL must be/);
  t.match(stdout, /FAIL .*PORT must be/);
});

await t.test("doctor notices another service at AUTHFLOW_PUBLIC_URL, whatever it answers", async (t) => {
  const DATABASE_URL = await migrated(sqlite(t));
  for (const [status, body] of [[200, "<html></html>"], [404, "{}"], [200, '{"keys":[]}']] as const) {
    const server = createServer((_request, response) => { response.writeHead(status).end(body); });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { code, stdout } = await doctor({ DATABASE_URL, AUTHFLOW_PUBLIC_URL: url });
    t.equal(code, 1);
    t.match(stdout, ` FAIL  ${url}/.well-known/jwks.json answers ${status} without keys: does another service answer`);
    server.close();
    server.closeAllConnections();
  }
});
