import t, { type Test } from "../support/tap.js";
import { Follower } from "../support/feed.js";
import { freePort } from "../support/ports.js";
import { type PrivateRedis, privateRedis } from "../support/private-redis.js";
import { type ServerProcess, startServer } from "../support/process.js";
import { postgres, sqlite } from "../support/services.js";
import { type Replica, replica } from "./replica.js";
import { at, jtiOf, type Service, tokens, until } from "./support.js";

const AUTHFLOW_KEY_ENCRYPTION_KEY = Buffer.alloc(32, 8).toString("base64");

/** Listens at `url` as soon as it is let in. */
async function connect(t: Test, follower: Follower, url: string): Promise<void> {
  t.teardown(() => follower.disconnect());
  await until("it is let in", async () => await follower.connect(url).catch(() => 0) === 200);
  await follower.current();
}
const disconnected = (follower: Follower) => until("the stream has ended", () => !follower.isConnected);
const logOut = async (service: Service, some: string[]): Promise<string[]> => {
  const outcomes = await Promise.all(some.map(async (token) =>
    (await service.logout(token)).status === 200 ? [jtiOf(token)] : []));
  return outcomes.flat();
};

/** Two replicas, of which the first can end as a process does. */
async function twoReplicas(
  t: Test,
): Promise<{ redis: PrivateRedis; first: ServerProcess; second: Replica } | undefined> {
  const [DATABASE_URL, redis] = [await postgres(t), await privateRedis(t)];
  if (DATABASE_URL === undefined || redis === undefined) return undefined;
  const env = { DATABASE_URL, REDIS_URL: redis.url, AUTHFLOW_KEY_ENCRYPTION_KEY };
  const [first, second] = await Promise.all([startServer(t, env), replica(t, env)]);
  return { redis, first, second };
}

await t.test("a subscriber's replica is killed during logouts: at the other one it misses nothing", async (t) => {
  const setting = await twoReplicas(t);
  if (setting === undefined) return;
  const { first, second } = setting;
  const [a, b] = [at(first.url), second.service];
  const client = await a.register();
  const minted = await tokens(a, client, 120);
  const follower = new Follower(client);
  await connect(t, follower, first.url);
  const acknowledged = await logOut(b, minted.slice(0, 40));
  await follower.knows(acknowledged[0] as string);
  const during = logOut(b, minted.slice(40, 80));
  await first.kill();
  await disconnected(follower);
  acknowledged.push(...await during, ...await logOut(b, minted.slice(80)));
  t.equal(acknowledged.length, 120);
  await connect(t, follower, second.url);
  t.strictSame(acknowledged.filter((jti) => !follower.revoked.has(jti)), []);
  t.equal(follower.count("reset"), 1);
  t.equal(follower.revoked.size, 120);
  t.equal(follower.revocationEvents.flatMap(({ data }) => data).length, 120, "each once");
  t.strictSame(follower.faults, []);
});

await t.test("a service on SQLite is killed during logouts and restarted: a subscriber misses nothing", async (t) => {
  const env = { DATABASE_URL: sqlite(t), PORT: String(await freePort()), AUTHFLOW_KEY_ENCRYPTION_KEY };
  const server = await startServer(t, env);
  const service = at(server.url);
  const client = await service.register();
  const minted = await tokens(service, client, 200);
  const follower = new Follower(client);
  await connect(t, follower, server.url);
  const acknowledged: string[] = [];
  const waiting = minted.slice();
  const lane = async (): Promise<void> => {
    for (let token = waiting.pop(); token !== undefined; token = waiting.pop())
      acknowledged.push(...await logOut(service, [token]));
  };
  // Not all at once: one transaction could take them all before the kill.
  const storm = Promise.allSettled(Array.from({ length: 10 }, lane));
  await until("some are acknowledged", () => acknowledged.length > 20);
  await server.kill();
  t.notMatch(server.output(), /MaxListeners/);
  await storm;
  await disconnected(follower);
  t.ok(acknowledged.length < 200, `${acknowledged.length} were acknowledged`);
  await replica(t, env);
  await connect(t, follower, server.url);
  t.strictSame(acknowledged.filter((jti) => !follower.revoked.has(jti)), []);
  t.equal(follower.count("reset"), 1, "the place outlives the process");
  t.strictSame(follower.faults, []);
  const live = await service.token(client);
  acknowledged.push(...await logOut(service, [live]));
  await follower.knows(jtiOf(live));
});

await t.test("Redis loses its data or its process while subscribers listen: it costs them nothing", async (t) => {
  const setting = await twoReplicas(t);
  if (setting === undefined) return;
  const { redis, first, second } = setting;
  const services = [at(first.url), second.service] as const;
  const client = await services[0].register();
  const minted = await tokens(services[0], client, 40);
  const acknowledged = await logOut(services[0], minted.splice(0, 10));
  const followers = await Promise.all([first, second].map(async ({ url }) => {
    const follower = new Follower(client);
    await connect(t, follower, url);
    return follower;
  }));
  const LOSSES: [what: string, lose: () => Promise<void>][] = [
    ["a flush", () => redis.flush()],
    ["a restart without data", async () => { await redis.kill(); await redis.start(); }],
    ["a restart with old data", async () => {
      await redis.cli("SAVE");
      acknowledged.push(...await logOut(services[1], minted.splice(0, 3)));
      await redis.kill();
      await redis.start();
    }],
  ];
  for (const [what, lose] of LOSSES) {
    await t.test(what, async (t) => {
      acknowledged.push(...await logOut(services[0], minted.splice(0, 3)));
      await lose();
      const tokens = minted.splice(0, 3);
      await logOut(services[1], tokens); // some may be answered 503, because Redis does not show them yet
      for (const follower of followers) await follower.knows(...tokens.map(jtiOf));
      const both = async () => (await Promise.all(services.map(({ ready }) => ready()))).map(({ status }) => status);
      await until("both are ready", async () => (await both()).join() === "200,200");
      acknowledged.push(...tokens.map(jtiOf), ...await logOut(services[1], minted.splice(0, 2)));
      // Readiness may be that of before the loss: it is asked for once a second.
      await until("Redis has everything again", async () =>
        await redis.cli("EXISTS", ...acknowledged.map((jti) => `revoked:${jti}`)) === acknowledged.length);
      for (const follower of followers) {
        await follower.knows(...acknowledged);
        t.equal(follower.count("reset"), 1);
        t.equal(follower.revocationEvents.flatMap(({ data }) => data).length, acknowledged.length, "each once");
        t.equal(follower.isConnected, true);
        t.strictSame(follower.faults, []);
      }
    });
  }

  await t.test("a logout that was answered 503 meanwhile is sent later, without a repetition", async (t) => {
    redis.pause();
    const [pending] = minted.splice(0, 1) as [string];
    t.equal((await services[0].logout(pending)).status, 503);
    redis.resume();
    for (const follower of followers) await follower.knows(jtiOf(pending));
  });

  await t.test("SIGTERM ends the streams and the process in order", async (t) => {
    t.equal(await first.stop(), 0);
    const [wanderer] = followers as [Follower, Follower];
    await disconnected(wanderer);
    const resets = wanderer.count("reset");
    acknowledged.push(...await logOut(services[1], minted));
    await connect(t, wanderer, second.url);
    t.strictSame(acknowledged.filter((jti) => !wanderer.revoked.has(jti)), []);
    t.equal(wanderer.count("reset"), resets);
    t.notMatch(first.output(), /MaxListeners/);
  });
});
