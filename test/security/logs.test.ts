import { once } from "node:events";
import { type AddressInfo, connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import t from "../support/tap.js";
import { openDatabase } from "../../src/stores/prisma/database.js";
import { until } from "../e2e/support.js";
import { type Answer, basic, bearer, onEveryBackend, someClaims, testApp, withoutDatabase } from "../support/app.js";
import { privateRedis } from "../support/private-redis.js";
import { migratedSqlite } from "../support/services.js";

const canary = (name: string): string => `canary-${name}-0123456789abcdef0123456789abcdef`;
const ADMIN = canary("admin-token");

/** The log as a reader could decode it: Buffers printed as lists of bytes included. */
const legible = (logs: readonly string[]): string => logs.join("")
  .replace(/\{"type":"Buffer","data":\[([\d,]*)\]\}/g, (_, bytes: string) =>
    Buffer.from(bytes.split(",").map(Number)).toString("latin1"));

await onEveryBackend(t, async (t, env) => {
  const app = await testApp(t, { ...env, AUTHFLOW_ADMIN_TOKEN: ADMIN, AUTHFLOW_RATE_LIMIT_FAILURES: "5" });
  const secrets: string[] = ["admin-token", "secret", "basic", "bearer", "query", "cookie", "body", "sub-secret",
    "raw", "overflow"].map((name) => canary(name));
  const operator = bearer(ADMIN);
  const { body: { client_id, client_secret } } = await app.call("POST", "/clients",
    { headers: operator, payload: { name: "a", redirect_uri: "https://a.example/" } });
  const client = { client_id: client_id as string, client_secret: client_secret as string };
  const rotated = await app.call("POST", `/clients/${client.client_id}/rotate-secret`,
    { headers: operator, payload: {} });
  const tokens = [await app.mint({}, client), await app.mint({ audience: "api" }, client),
    await app.sign(someClaims({ exp: 1 }))];
  secrets.push(client.client_secret, rotated.body.client_secret as string, ...tokens);

  const mint = (payload: object | string, headers: Record<string, string> = {}) =>
    app.call("POST", "/mint", { payload, headers: { "content-type": "application/json", ...headers } });
  const answers: Answer[] = [];
  const run = async (): Promise<void> => {
    for (const token of [...tokens, canary("bearer"),
      `${tokens[0] as string}x`]) answers.push(await app.userinfo(token), await app.logout(token));
    for (let i = 0; i < 7; i++) answers.push(await mint({ ...client, client_secret: canary("secret"), sub: "a" }));
    answers.push(
      await mint({ sub: "a" }, basic({ ...client, client_secret: canary("basic") })),
        await mint({ ...client, sub: "a" }, { cookie: canary("cookie") }),
      await mint(`{"client_secret":"${canary("body")}`),
        await mint({ ...client, client_secret: [canary("body")], sub: "a" }),
      await mint({ ...client, sub: "a", client_secret: `${canary("body")}${"x".repeat(300)}` }),
        await mint(canary("body"), { "content-type": "text/plain" }),
      await mint(canary("body").repeat(1000)), await mint({ ...client, sub: `${canary("sub-secret")}\n` }),
      await app.call("GET", `/userinfo?access_token=${canary("query")}`),
        await app.call("POST", `/mint?client_secret=${canary("query")}`, { payload: {} }),
      await app.call("GET", `/nowhere?token=${canary("query")}`),
        await app.call("GET", "/clients", { headers: bearer(canary("bearer")) }),
      await app.call("GET", "/clients", { headers: operator }), await app.call("GET", "/%zz", { headers: operator }),
      await app.call("GET", "/userinfo", { headers: { authorization: `Basic ${canary("basic")}` } }),
    );
  };
  await run();

  await app.fastify.listen({ port: 0, host: "127.0.0.1" });
  for (const head of [`Authorization: Bearer ${canary("raw")}\r\nbad header`,
    `Authorization: Bearer ${canary("overflow")}${"x".repeat(20_000)}`]) {
    const socket = connect((app.fastify.server.address() as AddressInfo).port, "127.0.0.1");
    socket.write(`GET /userinfo HTTP/1.1\r\nHost: a\r\n${head}\r\n\r\n`);
    const [answer] = await once(socket, "data") as [Buffer];
    t.match(answer.toString(), /^HTTP\/1\.1 4(00|31) /);
    socket.destroy();
  }
  await withoutDatabase(app);
  await run();

  t.ok(answers.some(({ status }) => status === 200) && answers.some(({ status }) => status === 429));
  t.ok(answers.some(({ status }) => status === 503), "failures of our own were among them");
  const log = legible(app.logs);
  t.match(log, /"level":50/, "and were logged");
  t.ok(app.logs.length > 60, "much was logged");
  for (const secret of secrets) {
    t.notOk(log.includes(secret), `${secret.slice(0, 24)}… is in no line`);
    const encoded = Buffer.from(`${client.client_id}:${secret}`).toString("base64").slice(60, 90);
    t.notOk(encoded.length > 20 && log.includes(encoded), "nor is its Basic form");
  }
  for (const token of tokens) t.notOk(log.includes(token.split(".")[2] as string), "nor the signature of a token");
  for (const { status, text } of answers) if (status >= 500) t.notMatch(text,
    /prisma|libsql|postgres|select|stack|node_modules/i);
});

await t.test("the password of a Redis that refuses it is in no line", async (t) => {
  const redis = await privateRedis(t);
  if (redis === undefined) return;
  await redis.cli("ACL", "SETUSER", "authflow", "on", ">the-right-one", "~*", "+@all");
  const app = await testApp(t, { REDIS_URL: redis.url.replace("redis://", `redis://authflow:${canary("redis")}@`) });
  t.match(app.logs.join(""), /Redis can't be reached/);
  t.notOk(legible(app.logs).includes(canary("redis")));
});

await t.test("a Redis that is away is one line, which accuses no process that was killed", async (t) => {
  const DATABASE_URL = await migratedSqlite(t);
  const { replicas, close } = await openDatabase(DATABASE_URL);
  await replicas.save({ id: "killed", outlet: null, trusts: false, history: null, beat: 3 });
  await close();
  const app = await testApp(t, { DATABASE_URL, REDIS_URL: "redis://127.0.0.1:1", LOG_LEVEL: "info" });
  await until("it has looked at the others", () => app.fastify.outletAgreement.differs);
  await sleep(3 * app.fastify.timing.syncInterval); // the loops go on meanwhile
  await app.fastify.close();
  const errors = app.logs.filter((line) => line.startsWith('{"level":50'));
  t.match(errors, [/"reason":"connect ECONNREFUSED 127\.0\.0\.1:1","msg":"Redis can't be reached/]);
  t.equal(errors.length, 1);
  t.notMatch(app.logs.join(""), /\\n +at /);
});

await t.test("nothing a caller sends can begin a line of its own", async (t) => {
  const app = await testApp(t);
  const forged = "x\r\n{\"level\":60,\"msg\":\"forged\"}";
  const client = await app.register({ name: "a" });
  for (const text of [forged, "\u2028{\"msg\":\"forged\"}"]) {
    await app.call("GET", `/${encodeURIComponent(text)}`);
    await app.call("GET", "/userinfo",
      { headers: { "x-forwarded-for": encodeURIComponent(text), "user-agent": encodeURIComponent(text) } });
    await app.call("POST", "/mint", { payload: { ...client, sub: text } });
    await app.call("POST", "/mint", { payload: { ...client, sub: "a", [text]: 1 } });
    await app.call("POST", "/clients", { payload: { name: text, redirect_uri: text } });
    await app.call("PATCH", `/clients/${client.client_id}`,
      { headers: { authorization: `Bearer ${encodeURIComponent(text)}` }, payload: { name: text } });
  }
  for (const chunk of app.logs) {
    t.equal(chunk.trimEnd().split(/[\r\n]/).length, 1, "one write is one line");
    t.not((JSON.parse(chunk) as { msg?: string }).msg, "forged");
  }
});

await t.test("the line of a request that failed says why, and which client the caller said it was", async (t) => {
  const app = await testApp(t, { LOG_LEVEL: "info", GITHUB_CLIENT_ID: "id", GITHUB_CLIENT_SECRET: "secret" });
  const { client_id, client_secret } = await app.register();
  t.match(JSON.parse(app.logs.at(-1) as string), { path: "/clients", status: 201, client_id, client_name: "my-app" });
  const other = "01985d2c-0000-7000-8000-000000000000";
  const lineOf = async (...request: Parameters<typeof app.call>) => {
    await app.call(...request);
    return JSON.parse(app.logs.at(-1) as string) as Record<string, unknown>;
  };
  const login = (query: string) => lineOf("GET", `/auth/github?client_id=${query}`);
  const wrong = { error: "invalid_client", reason: /^Client authentication failed/, claimed_client_id: client_id };
  const mint = (payload: object, headers = {}) => lineOf("POST", "/mint", { payload, headers });
  t.match(await mint({ client_id, client_secret: "x", sub: "a" }), { status: 401, client_id: undefined, ...wrong });
  t.match(await mint({ sub: "a" }, basic({ client_id, client_secret: "x" })), { status: 401, ...wrong });
  t.match(await mint({ client_id: other, client_secret: "x", sub: "a" }), { ...wrong, claimed_client_id: other });
  const ours = await mint({ client_id, client_secret, sub: "a", provider: "github", expires_in: 9_999_999 });
  t.match(ours, { client_id, error: String, reason: /expires_in/, claimed_client_id: undefined });
  t.match(await mint({ client_id: client_secret, client_secret: client_id, sub: "a" }),
    { claimed_client_id: "(not a client_id)" }, "a secret in its place is not repeated");
  const unknown = await mint({ client_id, client_secret, sub: "a", [client_secret]: 1 });
  t.match(unknown, { error: "invalid_request",
    reason: "Unknown field ***: put claims of your own into claims, or remove it" });
  t.match(await lineOf("GET", "/userinfo", { headers: bearer("x") }), { error: "invalid_token", reason: String });
  t.match(await login(other), { status: 400, error: "invalid_request", claimed_client_id: other });
  t.match(await login(`${client_id}&redirect_uri=https%3A%2F%2Fevil.example`),
    { status: 400, reason: /^redirect_uri is not registered/, claimed_client_id: client_id });
  t.match(await login(`${client_id}&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcallback&response_type=x`),
    { status: 302, error: "unsupported_response_type", reason: String, client_id, provider: "github" });
  t.match(await lineOf("GET", "/%zz"), { status: 400, error: "invalid_request" });
  t.notMatch(app.logs.join(""), client_secret);
});

await t.test("each request has one line, which names it once", async (t) => {
  const app = await testApp(t, { LOG_LEVEL: "info" });
  const before = app.logs.length;
  for (const [method, url] of [["GET", "/nowhere"], ["POST", "/mint"], ["GET", "/userinfo"]] as const) {
    await app.call(method, url);
  }
  const lines = app.logs.slice(before);
  t.same(lines.map((line) => (JSON.parse(line) as { path: string }).path), ["/nowhere", "/mint", "/userinfo"]);
  for (const line of lines) t.equal(line.split('"reqId"').length, 2);
  t.equal(new Set(lines.map((line) => (JSON.parse(line) as { reqId: string }).reqId)).size, lines.length);
});
