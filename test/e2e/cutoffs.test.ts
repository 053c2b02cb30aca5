import t from "../support/tap.js";
import { privateRedis } from "../support/private-redis.js";
import { runCli } from "../support/process.js";
import { postgres } from "../support/services.js";
import { replica } from "./replica.js";
import { statuses, tokens, until } from "./support.js";

const KEK = { AUTHFLOW_KEY_ENCRYPTION_KEY: Buffer.alloc(32, 4).toString("base64") };

await t.test("cut-offs hold on two replicas, spare new logins, and survive the loss of Redis's data", async (t) => {
  const [DATABASE_URL, redis] = [await postgres(t), await privateRedis(t)];
  if (DATABASE_URL === undefined || redis === undefined) return;
  const env = { DATABASE_URL, REDIS_URL: redis.url, ...KEK };
  const [{ service: a }, { service: b }] = [await replica(t, env), await replica(t, env)];
  const services = [a, b];
  const statusesOf = async (some: string[]) =>
    statuses(await Promise.all(services.flatMap(({ userinfo }) => some.map(userinfo))));
  const client = await a.register();
  const before = [...await tokens(a, client, 5), ...await tokens(b, client, 5)];
  t.same(await statusesOf(before), [200]);
  const headers = { authorization: `Bearer ${before[0]}` };
  t.equal((await a.ask("POST", "/logout", headers, { everywhere: true })).status, 200);
  const after = [await b.token(client), await a.token(client)];
  t.same(await statusesOf(before), [401]);
  t.same(await statusesOf(after), [200], "minted right after the answer, by the other replica first");

  const sid = "a session: 1";
  const inSession = [await a.token(client, { sid }), await b.token(client, { sid })];
  const { client_id: id, client_secret: secret } = client;
  t.equal((await b.ask("POST", "/revocations", {}, { client_id: id, client_secret: secret, sid })).status, 200);
  t.same(await statusesOf(inSession), [401], "of a session, minted by either");
  t.same(await statusesOf(after), [200]);

  await redis.flush();
  t.same(await statusesOf(before), [401], "Redis forgot, the database did not");
  await until("Redis has it again", async () => {
    const [name = ""] = await redis.cli("KEYS", "authflow:*:issued_before:sub:alice") as string[];
    return /^\d{13}$/.test(String(await redis.cli("GET", name)));
  });
  t.same(await statusesOf([...before, ...inSession]), [401]);

  redis.pause();
  const { client_id, client_secret } = client;
  const revokeAlice = () => a.ask("POST", "/revocations", {}, { client_id, client_secret, sub: "alice" });
  t.equal((await revokeAlice()).status, 503, "recorded, and not everywhere yet");
  redis.resume();
  await until("it takes effect by itself", async () => (await statusesOf(after)).join() === "401");
  t.equal((await revokeAlice()).status, 200, "and can be repeated");

  const last = await b.token(client);
  t.equal((await runCli(["revoke", "--client", client.client_id], env)).code, 0);
  t.same(await statusesOf([last]), [401]);
  t.same(await statusesOf([await b.token(client)]), [200]);
});
