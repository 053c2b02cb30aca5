import t from "../../support/tap.js";
import { basic, decode, onEveryBackend, testApp } from "../../support/app.js";
import { delivered, loginFixture } from "../../support/login.js";
import { MAX_CLOCK_SKEW } from "../../../src/shared/clock.js";

const HOUR = 3_600_000;
const UNAVAILABLE = { status: 503, body: { error: "temporarily_unavailable" }, headers: { "retry-after": "2" } };

await onEveryBackend(t, async (t, env) => {
  let ahead = 0;
  const { app, client, logIn, exchange } = await loginFixture(t, env, { systemClock: () => Date.now() + ahead });
  const mint = () => app.call("POST", "/mint", { headers: basic(client), payload: { sub: "alice" } });
  const clockPart = async () => (await app.call("GET", "/health/ready")).body.parts as { clock: string };

  for (const by of [2 * HOUR, -2 * HOUR, 48 * HOUR, MAX_CLOCK_SKEW + 1000, -MAX_CLOCK_SKEW - 1000]) {
    await t.test(`a machine's clock that is set by ${by / 1000} s and back: no token meanwhile`, async (t) => {
      const token = await app.mint({}, client);
      const { code } = delivered(await logIn("alice", { response_type: "code" }));
      ahead = by;
      t.match(await mint(), UNAVAILABLE, "at once");
      await app.fastify.refreshInstallation();
      t.match(await mint(), UNAVAILABLE, "and after the clocks were compared");
      t.match(await exchange({ code }, basic(client)), UNAVAILABLE);
      t.match(delivered(await logIn("alice")), { error: "temporarily_unavailable", access_token: undefined });
      t.match(await app.call("GET", "/health/ready"), { status: 503, body: { status: "down" } });
      t.match(await clockPart(), { clock: "down" });
      ahead = 0;
      await app.fastify.refreshInstallation();
      t.match(await clockPart(), { clock: "up" });
      t.equal((await app.userinfo(token)).status, 200);
      t.equal((await exchange({ code }, basic(client))).status, 200, "the code was not used up");
      const { iat } = decode(await app.mint({}, client)) as { iat: number };
      t.ok(Math.abs(iat * 1000 - Date.now()) < MAX_CLOCK_SKEW);
    });
  }

  await t.test("the log says once that the clocks disagree, and that they agree again", async (t) => {
    const start = app.logs.length;
    for (const by of [2 * HOUR, 2 * HOUR, 0, 0]) {
      ahead = by;
      await app.fastify.refreshInstallation();
    }
    const lines = app.logs.slice(start).map((line) => JSON.parse(line) as { level: number; msg: string });
    t.match(lines.filter(({ msg }) => msg.includes("clock")), [
      { level: 50, msg: /by more than 5 minutes: no token is issued/ }, { level: 30, msg: /the clocks agree again/ },
    ]);
    t.equal(lines.filter(({ msg }) => msg.includes("clock")).length, 2);
  });
});

await t.test("a machine whose clock is hours behind the database's at its start issues no token", async (t) => {
  await onEveryBackend(t, async (t, env) => {
    let behind = 2 * HOUR;
    const app = await testApp(t, env, { systemClock: () => Date.now() - behind });
    const client = await app.register();
    const mint = () => app.call("POST", "/mint", { headers: basic(client), payload: { sub: "alice" } });
    if (env.REDIS_URL === undefined) {
      t.equal((await mint()).status, 200, "on SQLite there is no other clock");
      return;
    }
    t.match(await mint(), UNAVAILABLE);
    behind = 0;
    await app.fastify.refreshInstallation();
    const { iat } = decode(await app.mint({}, client)) as { iat: number };
    t.ok(Math.abs(iat * 1000 - Date.now()) < MAX_CLOCK_SKEW);
  });
});
