import t from "../support/tap.js";
import { cli } from "../support/cli.js";
import { sentinels } from "../support/sentinels.js";
import { migratedSqlite } from "../support/services.js";
import { replica } from "./replica.js";
import { jtiOf, until } from "./support.js";

await t.test("when Sentinel promotes another primary, logouts come back by themselves", async (t) => {
  const set = await sentinels(t);
  if (set === undefined) return;
  const REDIS_URL = `redis+sentinel://${set.addresses}/${set.name}/2`;
  const { service, logs } = await replica(t, { REDIS_URL });
  const client = await service.register();
  const before = await service.token(client);
  t.equal((await service.logout(before)).status, 200);

  await set.primary.kill();
  const pending = await service.token(client);
  t.equal((await service.logout(pending)).status, 503);
  t.equal((await service.userinfo(before)).status, 401, "meanwhile the database answers");
  await until("it is ready", () => service.allUp());
  const after = await service.token(client);
  t.equal((await service.logout(after)).status, 200);
  for (const token of [before, pending, after]) {
    t.equal((await service.userinfo(token)).status, 401);
    const script = "redis.call('SELECT', 2) return redis.call('EXISTS', KEYS[1])";
    await until("the new primary has it, in the database of the URL",
      async () => await set.standby.cli("EVAL", script, "1", `revoked:${jtiOf(token)}`) === 1);
  }
  t.ok(logs.some((line) => line.includes("Redis can be reached again")));

  await set.primary.start(); // Sentinel makes it a replica
  const last = await service.token(client);
  t.equal((await service.logout(last)).status, 200);
});

await t.test("a primary that hangs is replaced too", async (t) => {
  const set = await sentinels(t);
  if (set === undefined) return;
  const { service } = await replica(t, { REDIS_URL: `redis+sentinel://${set.addresses}/${set.name}` });
  const token = await service.token(await service.register());
  set.primary.pause();
  await until("it is ready with the new one", () => service.allUp());
  t.equal((await service.logout(token)).status, 200);
  t.equal(await set.standby.cli("EXISTS", `revoked:${jtiOf(token)}`), 1);
  set.primary.resume();
});

await t.test("one Sentinel that answers is enough, and Sentinels may ask for credentials of their own", async (t) => {
  const set = await sentinels(t, ["watcher", "a-password"]);
  if (set === undefined) return;
  await set.kill(0);
  await set.kill(1);
  const url = (parameters: string): string => `redis+sentinel://${set.addresses}/${set.name}?${parameters}`;
  const doctor = async (REDIS_URL: string) =>
    cli(["doctor"], { AUTHFLOW_PUBLIC_URL: "http://localhost:1", DATABASE_URL: await migratedSqlite(t), REDIS_URL });

  const good = url("sentinel_username=watcher&sentinel_password=a-password");
  const { service, logs } = await replica(t, { REDIS_URL: good });
  const token = await service.token(await service.register());
  t.equal((await service.logout(token)).status, 200);
  t.match(await doctor(good), { code: 0, stdout: / {2}ok {3}Redis answers/ });
  t.notOk(logs.some((line) => line.includes("a-password")));

  const bad = url("sentinel_username=watcher&sentinel_password=wrong-password");
  const stranger = await replica(t, { REDIS_URL: bad }, { waitFor: "/health/live" });
  t.match(await stranger.service.ready(), { status: 200, body: { parts: { redis: "down" } } });
  t.ok(stranger.logs.some((line) => line.includes("All sentinels are unreachable") && line.includes("WRONGPASS")));
  const { code, stdout } = await doctor(bad);
  t.equal(code, 1);
  t.match(stdout, / FAIL {2}Redis does not answer \(All sentinels are unreachable.*WRONGPASS/);
  t.notMatch(stdout + stranger.logs.join(""), "wrong-password");
});
