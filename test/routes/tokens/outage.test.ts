import t from "../../support/tap.js";
import { until } from "../../e2e/support.js";
import { basic, testApp, type TestApp, withoutDatabase } from "../../support/app.js";
import { jtiOf } from "../../support/feed.js";
import { privateRedis } from "../../support/private-redis.js";
import { migratedPostgres, migratedSqlite } from "../../support/services.js";

const UNKNOWN = { status: 503, body: { error: "temporarily_unavailable" } };
const REVOKED = { status: 401, body: { error: "invalid_token" } };

/** A client, and two of its tokens of which the second was revoked. */
async function someTokens(app: TestApp) {
  const client = await app.register();
  const [live, revoked] = [await app.mint({}, client), await app.mint({}, client)];
  const introspect = async (token: string) => app.call("POST", "/introspect", {
    headers: { ...basic(client), "content-type": "application/x-www-form-urlencoded" }, payload: `token=${token}`,
  });
  t.equal((await app.logout(revoked)).status, 200);
  return { live, revoked, introspect };
}

for (const [name, migrated] of [["SQLite", migratedSqlite], ["PostgreSQL", migratedPostgres]] as const) {
  await t.test(`while ${name} is away, a Redis that all replicas write to answers live checks`, async (t) => {
    const [url, redis] = [await migrated(t), await privateRedis(t)];
    if (url === undefined || redis === undefined) return;
    // It stands: a client in memory is asked for again after a second, and the database is away then.
    const now = Date.now();
    const app = await testApp(t, { DATABASE_URL: url, REDIS_URL: redis.url }, { clock: () => now });
    const { live, revoked, introspect } = await someTokens(app);
    await until("Redis is trusted", () => app.fastify.outletAgreement.isTrusted);
    await withoutDatabase(app);
    t.equal((await app.userinfo(live)).status, 200);
    t.match(await app.userinfo(revoked), REVOKED);
    await redis.cli("SET", `revoked:${jtiOf(live)}`, "1", "EX", "60");
    t.match(await app.userinfo(live), REVOKED, "Redis is asked for each token");
    t.match(await introspect(revoked), { status: 200, body: { active: false } });
    t.match(await app.logout(live), { status: 503 }, "a logout needs the log");
    await redis.kill();
    t.match(await app.userinfo(live), UNKNOWN);
    t.match(await app.userinfo(revoked), REVOKED, "this replica's memory has it");
  });

  await t.test(`while ${name} is away, a Redis that another replica does not write to answers nothing`, async (t) => {
    const [url, redis] = [await migrated(t), await privateRedis(t)];
    if (url === undefined || redis === undefined) return;
    const app = await testApp(t, { DATABASE_URL: url, REDIS_URL: redis.url });
    const { live, revoked } = await someTokens(app);
    await app.fastify.database.replicas.save({ id: "another", outlet: null, trusts: false, history: null, beat: 0 });
    await until("the other one is seen", () =>
      app.fastify.outletAgreement.differs && !app.fastify.outletAgreement.isTrusted);
    await withoutDatabase(app);
    t.match(await app.userinfo(live), UNKNOWN);
    t.match(await app.userinfo(revoked), REVOKED);
  });

  await t.test(`while ${name} is away, no live check is answered without Redis`, async (t) => {
    const url = await migrated(t);
    if (url === undefined) return;
    const app = await testApp(t, { DATABASE_URL: url });
    const { live, revoked, introspect } = await someTokens(app);
    await withoutDatabase(app);
    t.match(await app.userinfo(live), UNKNOWN);
    t.match(await introspect(live), UNKNOWN);
    t.match(await app.userinfo(revoked), REVOKED, "this replica's memory has it");
  });
}
