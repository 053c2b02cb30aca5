import { Redis } from "ioredis";
import t from "../support/tap.js";
import { privateRedis } from "../support/private-redis.js";
import { replica } from "./replica.js";
import { jtiOf, statuses, tokens, until } from "./support.js";

await t.test("while Redis is down all but logouts goes on; back empty, it is filled before it is used", async (t) => {
  const redis = await privateRedis(t);
  if (redis === undefined) return;
  const { service, logs } = await replica(t, { REDIS_URL: redis.url });
  const client = await service.register();
  const [live, revoked, pending] = await tokens(service, client, 3) as [string, string, string];
  t.match(await service.ready(), { status: 200, body: { status: "up", parts: { database: "up", redis: "up" } } });
  t.equal((await service.logout(revoked)).status, 200);

  await redis.kill();
  t.match(await service.ready(), { status: 200, body: { status: "up", parts: { database: "up", redis: "down" } } });
  const unconfirmed = await service.logout(pending);
  t.match(unconfirmed, { status: 503, body: { error: "temporarily_unavailable", request_id: String } });
  t.match(unconfirmed.headers.get("retry-after"), /^\d+$/);
  t.same(statuses([await service.mint(client), await service.ask("GET", "/.well-known/jwks.json")]), [200]);
  await t.resolves(service.register(), "registration goes on without its shared limit");
  t.equal((await service.userinfo(live)).status, 200, "the database knows that it is valid");
  t.match(await service.userinfo(revoked), { status: 401, body: { error: "invalid_token" } });
  t.equal((await service.userinfo(pending)).status, 401, "an unconfirmed logout is in effect here already");

  await redis.start();
  const reader = new Redis(redis.url);
  t.teardown(() => { reader.disconnect(); });
  await until("it is ready", async () => {
    t.equal((await service.userinfo(revoked)).status, 401);
    return service.allUp();
  });
  t.equal(await reader.exists(`revoked:${jtiOf(revoked)}`), 1, "filled before it was declared ready");
  await until("the unconfirmed one is there", async () => await reader.exists(`revoked:${jtiOf(pending)}`) === 1);
  t.match(await service.logout(pending), { status: 401, body: { error: "invalid_token" } }, "its repetition learns so");
  t.equal((await service.userinfo(live)).status, 200);
  t.equal((await service.logout(live)).status, 200);
  for (const token of [live, revoked, pending]) {
    t.notOk(logs.some((line) => line.includes(token)), "no token is logged");
  }
});

await t.test("a logout that was answered 503 is finished by its repetition", async (t) => {
  const redis = await privateRedis(t);
  if (redis === undefined) return;
  const { service } = await replica(t, { REDIS_URL: redis.url });
  const token = await service.token(await service.register());
  await redis.kill();
  t.equal((await service.logout(token)).status, 503);
  await redis.start();
  const answers: number[] = [];
  await until("it is confirmed", async () => answers[answers.push((await service.logout(token)).status) - 1] !== 503);
  t.match(answers.at(-1), /^(200|401)$/, "confirmed by this call, or found confirmed by the background");
  t.equal(await redis.cli("EXISTS", `revoked:${jtiOf(token)}`), 1);
});

await t.test("revoked:<jti> stands for the rest of the token's life when the logout's 200 arrives", async (t) => {
  const redis = await privateRedis(t);
  if (redis === undefined) return;
  const { service } = await replica(t, { REDIS_URL: redis.url });
  const client = await service.register();
  const reader = new Redis(redis.url);
  t.teardown(() => { reader.disconnect(); });
  for (const expires_in of [60, 3600, 86_400]) {
    const token = await service.token(client, { expires_in });
    const { payload: { exp = 0 } } = await service.verify(token);
    t.equal((await service.logout(token)).status, 200);
    const dies = await reader.expiretime(`revoked:${jtiOf(token)}`);
    t.ok(dies >= exp && dies <= exp + 2, `the key dies with the token (${dies - exp} s after it)`);
  }
});

await t.test("a Redis that hangs is answered for by the database, as one that is down", async (t) => {
  const redis = await privateRedis(t);
  if (redis === undefined) return;
  const { service } = await replica(t, { REDIS_URL: redis.url });
  const client = await service.register();
  const [live, revoked, pending] = await tokens(service, client, 3) as [string, string, string];
  t.equal((await service.logout(revoked)).status, 200);

  redis.pause();
  const start = performance.now();
  const asked = [
    service.mint(client), service.userinfo(live), service.userinfo(revoked), service.logout(pending), service.ready(),
  ];
  const took: number[] = [];
  const answers = await Promise.all(asked.map(async (answer, i) => {
    const { status } = await answer;
    took[i] = Math.round(performance.now() - start);
    return status;
  }));
  t.same(answers, [200, 200, 401, 503, 200]);
  t.comment(`answered after ${took.join(", ")} ms`);

  redis.resume();
  await until("it is ready", () => service.allUp());
  t.same(statuses([await service.userinfo(revoked), await service.userinfo(pending)]), [401]);
  t.equal((await service.logout(live)).status, 200);
});

await t.test("a replica starts while Redis is away, mints, and is ready when Redis comes", async (t) => {
  const redis = await privateRedis(t);
  if (redis === undefined) return;
  await redis.stop();
  const { service } = await replica(t, { REDIS_URL: redis.url }, { waitFor: "/health/live" });
  t.match(await service.ready(), { status: 200, body: { parts: { database: "up", redis: "down" } } });
  const token = await service.token(await service.register());
  await t.resolves(service.verify(token));
  t.equal((await service.userinfo(token)).status, 200);
  t.equal((await service.logout(token)).status, 503);

  await redis.start();
  await until("it is ready", () => service.allUp());
  await until("the logout is shown", async () => await redis.cli("EXISTS", `revoked:${jtiOf(token)}`) === 1);
  t.equal((await service.userinfo(token)).status, 401);
});
