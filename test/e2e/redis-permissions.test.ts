import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "../support/tap.js";
import { privateRedis } from "../support/private-redis.js";
import { ROOT } from "../support/root.js";
import { cli } from "../support/cli.js";
import { migratedSqlite } from "../support/services.js";
import { replica } from "./replica.js";
import { until } from "./support.js";

/** The rules of the user in the documents: `~revoked:*`, `+get` and so on, without its name and password. */
const [, documented = ""] = /ACL SETUSER authflow on '>PASSWORD' ([^`]*)/
  .exec(readFileSync(join(ROOT, "docs/operating.md"), "utf8")) ?? [];
const RULES = documented.replaceAll("\\\n", " ").split(/\s+/).filter((rule) => rule !== "");
const COMMANDS = RULES.filter((rule) => rule.startsWith("+") && rule !== "+select").map((rule) => rule.slice(1));

await t.test("a user with the documented permissions suffices, and each that is missing is named", async (t) => {
  t.ok(COMMANDS.length > 10, "the documents list them");
  const redis = await privateRedis(t);
  if (redis === undefined) return;
  const setUser = (...rules: string[]): Promise<unknown> => redis.cli("ACL", "SETUSER", "authflow", ...rules);
  await setUser("on", ">a-password", ...RULES);
  const REDIS_URL = `redis://authflow:a-password@127.0.0.1:${redis.port}/3`;
  const { service, logs } = await replica(t, { REDIS_URL }, { timing: { redisInspection: 50 } });
  const client = await service.register();
  const [token, other] = [await service.token(client), await service.token(client)];
  t.equal((await service.logout(token)).status, 200);
  t.equal((await service.userinfo(token)).status, 401);
  t.equal((await service.userinfo(other)).status, 200);
  const everywhere = { authorization: `Bearer ${other}` };
  t.equal((await service.ask("POST", "/logout", everywhere, { everywhere: true })).status, 200);
  t.equal((await service.userinfo(other)).status, 401);
  t.match(await service.ready(), { status: 200, body: { parts: { redis: "up" } } });
  t.same(await redis.cli("ACL", "LOG"), [], "Redis denied nothing");

  const denials = [
    ...COMMANDS.map((name) => ({ name: name.toUpperCase(), take: [`-${name}`], give: [`+${name}`] })),
    { name: "keys revoked:*", take: ["resetkeys", "~authflow:*"], give: ["~revoked:*"] },
    { name: "keys authflow:*", take: ["resetkeys", "~revoked:*"], give: ["~authflow:*"] },
    { name: "channels authflow:*", take: ["resetchannels"], give: ["&authflow:*"] },
  ];
  for (const { name, take, give } of denials) {
    await setUser(...take);
    // Such as "lacks permissions (EVAL)".
    await until(`the log names ${name}`, () => logs.some((line) => line.includes(`lacks permissions (${name})`)));
    t.match(await service.ready(), { status: 200, body: { parts: { redis: "down" } } }, `without ${name}`);
    await setUser(...give);
    await until(`it is ready with ${name}`, () => service.allUp());
  }
  const keys = await redis.cli("EVAL", "redis.call('SELECT', 3) return redis.call('KEYS', '*:permissions')", "0");
  t.same(keys, [], "the check of the permissions wrote nothing");
});

await t.test("a user who may not select the database, or send INFO, is named from the start on", async (t) => {
  const redis = await privateRedis(t);
  if (redis === undefined) return;
  const REDIS_URL = `redis://authflow:a-password@127.0.0.1:${redis.port}/3`;
  for (const [command, text] of [["select", "database in REDIS_URL can't be selected (NOPERM"], ["info", "(INFO)"]]) {
    await redis.cli("ACL", "SETUSER", "authflow", "reset", "on", ">a-password", ...RULES, `-${command}`);
    const { service, logs, stop } = await replica(t, { REDIS_URL }, { waitFor: "/health/live" });
    t.ok(logs.some((line) => line.includes(text as string)), `the log names ${command}`);
    t.match(await service.ready(), { status: 200, body: { parts: { redis: "down" } } });
    const { code, stdout } = await cli(["doctor"],
      { AUTHFLOW_PUBLIC_URL: "http://localhost:1", DATABASE_URL: await migratedSqlite(t), REDIS_URL });
    t.equal(code, 1);
    t.ok(stdout.includes(text as string), stdout);
    t.notMatch(logs.join("") + stdout, "a-password");
    await stop();
  }
});

await t.test("a server whose commands were renamed is named, with them", async (t) => {
  const renamed = ["EVAL", "SCAN", "TIME", "PUBLISH"];
  const args = renamed.flatMap((name) => ["--rename-command", name, `OWN-${name}`]);
  const redis = await privateRedis(t, { args });
  if (redis === undefined) return;
  const env = { DATABASE_URL: await migratedSqlite(t), REDIS_URL: redis.url };
  const { service, logs } = await replica(t, env, { waitFor: "/health/live" });
  const text = `this Redis lacks commands (${["SCAN", "EVAL", "TIME", "PUBLISH"].join(", ")})`;
  await until("the log names them", () => logs.some((line) => line.includes(text)));
  t.match(await service.ready(), { status: 200, body: { parts: { redis: "down" } } });
  const { code, stdout } = await cli(["doctor"], { ...env, AUTHFLOW_PUBLIC_URL: "http://localhost:1" });
  t.equal(code, 1);
  t.ok(stdout.includes(text), stdout);
});

await t.test("a Redis that accepts no writes is named, and said to be solved", async (t) => {
  const redis = await privateRedis(t);
  if (redis === undefined) return;
  const set = (name: string, value: string): Promise<unknown> => redis.cli("CONFIG", "SET", name, value);
  const env = { DATABASE_URL: await migratedSqlite(t), REDIS_URL: redis.url };
  const { service, logs } = await replica(t, env, { timing: { redisInspection: 50 } });
  for (const [setting, word] of [["maxmemory", "OOM"], ["min-replicas-to-write", "NOREPLICAS"]] as const) {
    const says = (line: string): boolean => line.includes(`Redis accepts no writes (${word}`);
    await set(setting, "1");
    await until(`the log names ${word}`, () => logs.some(says));
    await until("it is not ready", async () => !await service.allUp());
    const { code, stdout } = await cli(["doctor"], { ...env, AUTHFLOW_PUBLIC_URL: "http://localhost:1" });
    t.equal(code, 1);
    t.match(stdout, ` FAIL  Redis accepts no writes (${word}`);
    await set(setting, "0");
    await until("that is solved", () => logs.some((line) => line.includes("solved: ") && says(line)));
    await until("it is ready", () => service.allUp());
  }
});
