import { once } from "node:events";
import type { Socket } from "node:net";
import t from "../../support/tap.js";
import { FOREVER } from "../../../src/revocation/entry.js";
import { until } from "../../e2e/support.js";
import { basic, type Credentials, manualClock, onEveryBackend, OPERATOR, testApp,
  type TestApp, withoutDatabase } from "../../support/app.js";
import { deafTo, follow, Follower, jtiOf, listening } from "../../support/feed.js";
import { privateRedis } from "../../support/private-redis.js";

const BEAT = 15;

await onEveryBackend(t, async (t, env) => {
  const [a, b] = [await listening(t, env), await listening(t, env)];
  const client = await a.register();

  await t.test("a client that is disabled, deleted or may not follow receives no more; others go on", async (t) => {
    const bystander = await follow(t, a.url, client);
    const disabled = await follow(t, a.url, await a.register());
    const deleted = await follow(t, b.url, await a.register());
    const withdrawn = await follow(t, b.url, await a.register());
    for (const follower of [bystander, disabled, deleted, withdrawn]) await follower.current();
    const path = ({ credentials }: Follower) => `/clients/${credentials.client_id}`;
    await a.call("PATCH", path(disabled), { headers: OPERATOR, payload: { disabled: true } });
    await a.call("DELETE", path(deleted), { headers: OPERATOR });
    await a.call("PATCH", path(withdrawn), { headers: OPERATOR, payload: { permissions: ["mint"] } });
    await until("their streams end", () => [disabled, deleted, withdrawn].every(({ isConnected }) => !isConnected));
    t.equal(await disabled.connect(a.url), 401);
    t.equal(await deleted.connect(b.url), 401);
    t.equal(await withdrawn.connect(a.url), 403);
    const token = await a.mint({}, client);
    await a.logout(token);
    await bystander.knows(jtiOf(token));
  });

  await t.test("a stream opened with a secret that has ended is ended; one with the new secret goes on", async (t) => {
    const { client_id, client_secret } = await a.register();
    const rotated = async (overlap: number) => {
      const { body } = await a.call("POST", `/clients/${client_id}/rotate-secret`,
        { headers: OPERATOR, payload: { overlap } });
      return { client_id, client_secret: body.client_secret as string };
    };
    const first = await follow(t, b.url, { client_id, client_secret });
    const second = await follow(t, b.url, await rotated(86_400));
    for (const follower of [first, second]) await follower.current();
    const third = await follow(t, b.url, await rotated(0));
    await third.current();
    await until("their streams end", () => !first.isConnected && !second.isConnected);
    t.equal(await first.connect(b.url), 401);
    const token = await a.mint({}, client);
    await a.logout(token);
    await third.knows(jtiOf(token));
    t.equal(third.count("reset"), 1, "it was never cut off");
  });

  await t.test("a replica that closes ends its streams and lets nobody in; they go on elsewhere", async (t) => {
    const app = await listening(t, env);
    const follower = await follow(t, app.url, client);
    await follower.current();
    app.fastify.feed.close();
    await until("the stream has ended", () => !follower.isConnected);
    t.match(await app.call("GET", "/revocations/stream", { headers: basic(client) }),
      { status: 503, headers: { "retry-after": String }, body: { error: "temporarily_unavailable" } });
    await app.fastify.close();
    const token = await a.mint({}, client);
    await a.logout(token);
    await follower.connect(b.url);
    await follower.current();
    t.equal(follower.count("reset"), 1);
    t.ok(follower.revoked.has(jtiOf(token)));
  });
});

/** Moves time on by `seconds`, and waits until the replica has looked since. */
async function pass({ clock, app, follower }: Beating, seconds: number): Promise<void> {
  clock.advance(seconds);
  const token = await app.mint({}, follower.credentials);
  await app.logout(token);
  await follower.knows(jtiOf(token));
}
interface Beating { clock: ReturnType<typeof manualClock>; app: TestApp; follower: Follower }
const failed = (app: TestApp) => app.logs.some((line) => line.includes("following the revocation log: failed"));

await onEveryBackend(t, async (t, env) => {
  await t.test("a heartbeat comes every 15 s", async (t) => {
    const clock = manualClock();
    const app = await listening(t, env, { clock: clock.clock });
    const follower = await follow(t, app.url, await app.register());
    await follower.current();
    const beating = { clock, app, follower };
    await pass(beating, BEAT - 0.001);
    t.equal(follower.count("heartbeat"), 0);
    clock.advance(0.001);
    await until("it beats", () => follower.count("heartbeat") === 1);
    await pass(beating, BEAT - 0.001);
    t.equal(follower.count("heartbeat"), 1);
    clock.advance(1);
    await until("it beats", () => follower.count("heartbeat") === 2);
    const heartbeats = follower.received.filter(({ name }) => name === "heartbeat");
    t.strictSame(heartbeats.map(({ id }) => id), [undefined, undefined]);
  });
});

await t.test("while the database is out of reach no heartbeat is sent, and nobody is let in", async (t) => {
  const { clock, advance } = manualClock();
  const app = await listening(t, {}, { clock });
  const client = await app.register();
  const follower = await follow(t, app.url, client);
  await follower.current();
  await withoutDatabase(app);
  await until("it is noticed", () => failed(app));
  advance(100 * BEAT);
  for (const path of ["/revocations", "/revocations/stream"])
    t.match(await app.call("GET", path, { headers: basic(client) }),
      { status: 503, body: { error: "temporarily_unavailable" } });
  t.equal(follower.count("heartbeat"), 0);
  t.equal(follower.isConnected, true, "what it received still holds");
});

await t.test("while Redis hangs the feed goes on: it comes from the log", async (t) => {
  const redis = await privateRedis(t);
  if (redis === undefined) return;
  const { clock, advance } = manualClock();
  const app = await listening(t, { REDIS_URL: redis.url }, { clock });
  const client = await app.register();
  const [follower, leaver] = [await follow(t, app.url, client), await follow(t, app.url, client)];
  for (const one of [follower, leaver]) await one.current();
  await leaver.disconnect();
  const [first, second] = [await app.mint({}, client), await app.mint({}, client)];
  redis.pause();
  t.equal((await app.logout(first)).status, 503, "recorded, and not shown by Redis yet");
  await follower.knows(jtiOf(first));
  const beats = follower.count("heartbeat");
  advance(BEAT);
  await until("it beats", () => follower.count("heartbeat") > beats);
  t.equal(await leaver.connect(app.url), 200);
  await leaver.current();
  t.ok(leaver.revoked.has(jtiOf(first)));
  const page = await app.call("GET", "/revocations", { headers: basic(client) });
  t.match(page, { status: 200, body: { revoked: [{ jti: jtiOf(first) }] } });
  redis.resume();
  await until("a logout succeeds again", async () => (await app.logout(second)).status !== 503);
  for (const one of [follower, leaver]) {
    await one.knows(jtiOf(second));
    t.equal(one.count("reset"), 1, "nothing was lost");
    t.strictSame(one.faults, []);
  }
});

await t.test("a Redis that is introduced, lost, moved or given up costs subscribers nothing", async (t) => {
  const [redis, another] = [await privateRedis(t), await privateRedis(t)];
  if (redis === undefined || another === undefined) return;
  const first = await listening(t);
  const { databaseUrl: DATABASE_URL } = first.fastify.config;
  const client = await first.register();
  const [follower, sleeper] = [await follow(t, first.url, client), await follow(t, first.url, client)];
  for (const one of [follower, sleeper]) await one.current();
  await sleeper.disconnect();
  const revoked: string[] = [];
  for (const REDIS_URL of [redis.url, another.url, undefined, redis.url]) {
    await follower.disconnect();
    const app = await listening(t, { DATABASE_URL, ...(REDIS_URL !== undefined && { REDIS_URL }) });
    const tokens = [await app.mint({}, client), await app.mint({}, client)] as const;
    t.equal((await app.logout(tokens[0])).status, 200);
    await follower.connect(app.url);
    await follower.current();
    if (REDIS_URL === redis.url) await redis.flush();
    t.equal((await app.logout(tokens[1])).status, 200);
    await follower.knows(...tokens.map(jtiOf));
    revoked.push(...tokens.map(jtiOf));
  }
  await sleeper.connect(first.url);
  await sleeper.current();
  for (const one of [follower, sleeper]) {
    t.equal(one.count("reset"), 1);
    t.strictSame(one.revocationEvents.flatMap(({ data }) => data.map((entry) => entry.jti)), revoked,
      "each once, in the order of the log");
    t.strictSame(one.faults, []);
  }
});

await t.test("a subscriber that does not read is dropped before it costs much; nobody else notices", async (t) => {
  const app = await listening(t);
  const client = await app.register();
  const follower = await follow(t, app.url, client);
  await follower.current();
  await deafTo(t, app.url, client);
  const { feed, logChanged, database: { revocations } } = app.fastify;
  await until("both are there", () => feed.subscribers === 2);
  let sent = 0;
  const record = async (): Promise<void> => {
    const jti = `${sent++}-${"x".repeat(250_000)}`;
    await revocations.append([{ scope: "jti", value: jti, issuedBefore: FOREVER, expiresAt: Date.now() + 60_000 }]);
    logChanged.notify();
    await follower.knows(jti);
  };
  while (feed.subscribers === 2 && sent < 100) await record(); // the kernel holds several MB on their way
  t.ok(sent < 100, `dropped after ${sent / 4} MB`);
  while (sent < 60) await record();
  t.equal(follower.isConnected, true);
  t.strictSame(follower.faults, []);

  await t.test("nor does it outlive its client, or hold up the end", async (t) => {
    const stuck = async (credentials: Credentials): Promise<Socket> => {
      const connected = once(app.fastify.server, "connection");
      await deafTo(t, app.url, credentials); // to 15 MB of what is revoked
      const [socket] = await connected as [Socket];
      await until("it is stuck", () => socket.writableLength > 0);
      return socket;
    };
    const other = await app.register();
    const socket = await stuck(other);
    await app.call("PATCH", `/clients/${other.client_id}`, { headers: OPERATOR, payload: { disabled: true } });
    await until("its connection is gone", () => socket.destroyed, 10_000);
    await stuck(client);
    await t.resolves(app.fastify.close());
  });
});

await t.test("a start is no error", async (t) => {
  const redis = await privateRedis(t);
  if (redis === undefined) return;
  const app = await listening(t, { REDIS_URL: redis.url });
  const lines = app.logs.map((line) => JSON.parse(line) as { level: number; reqId?: string });
  t.strictSame(lines.filter(({ level, reqId }) => level >= 40 && reqId === undefined), []);
});

await t.test("a subscriber that comes before Redis can be reached is accepted", async (t) => {
  const redis = await privateRedis(t);
  if (redis === undefined) return;
  await redis.stop();
  const app = await testApp(t, { REDIS_URL: redis.url });
  const url = await app.fastify.listen({ port: 0, host: "127.0.0.1" });
  const follower = new Follower(await app.register());
  t.teardown(() => follower.disconnect());
  t.equal(await follower.connect(url), 200);
  await follower.current();
});

await t.test("a stream uses the permission for as long as it lasts", async (t) => {
  const { clock, advance } = manualClock();
  const app = await listening(t, {}, { clock });
  const { permissionUses, database, endUnauthenticatedStreams } = app.fastify;
  const client = await app.register();
  await follow(t, app.url, client);
  await permissionUses.flush();
  advance(86_400);
  const day = clock();
  await permissionUses.flush();
  await endUnauthenticatedStreams();
  await permissionUses.flush();
  const unused = await database.permissionUses.unused(["feed"], day);
  t.notOk(unused.some(({ clientId }) => clientId === client.client_id));
});
