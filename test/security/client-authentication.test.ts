import t from "../support/tap.js";
import { type Answer, basic, OPERATOR, testApp } from "../support/app.js";
import { exchange } from "../support/raw-http.js";

const app = await testApp(t);
const client = await app.register();
const UNKNOWN = "019a8e5c-7f00-7c4e-9d1a-3f1c2b4a5d6e";
const mint = (payload: object, headers: Record<string, string> = {}) =>
  app.call("POST", "/mint", { headers, payload: { sub: "a", ...payload } });
const essence = ({ status, headers: { date: _date, ...headers }, text }: Answer) => ({ status, headers, text });

await t.test("an unknown client, a wrong secret and a deleted client get the same answer, byte for byte", async (t) => {
  const deleted = await app.register();
  await app.call("DELETE", `/clients/${deleted.client_id}`, { headers: OPERATOR });
  const disabled = await app.register();
  await app.call("PATCH", `/clients/${disabled.client_id}`, { headers: OPERATOR, payload: { disabled: true } });
  const wrong = { client_secret: client.client_secret.replace(/.$/, (last) => (last === "A" ? "B" : "A")) };
  const secretOf = { client_id: client.client_id, ...wrong };
  const limits = (answer: Answer) => {
    const { "x-ratelimit-remaining": _remaining, "x-ratelimit-reset": _reset, ...headers } = essence(answer).headers;
    return { ...essence(answer), headers };
  };
  const expected = limits(await mint(secretOf));
  t.match(expected, { status: 401, headers: { "www-authenticate": "Basic realm=\"authflow\"",
    "cache-control": "no-store" } });
  t.match(JSON.parse(expected.text), { error: "invalid_client" });
  const indistinguishable: [what: string, answer: Promise<Answer>][] = [
    ["unknown client", mint({ client_id: UNKNOWN, ...wrong })],
    ["unknown client with another's secret", mint({ ...client, client_id: UNKNOWN })],
    ["deleted client with its own secret", mint(deleted)],
    ["disabled client with a wrong secret", mint({ ...disabled, ...wrong })],
    ["wrong secret by Basic", mint({}, basic(secretOf))],
    ["unknown client by Basic", mint({}, basic({ client_id: UNKNOWN, client_secret: "x" }))],
    ["a client_id by Basic that is no UUID", mint({}, basic({ client_id: "admin", client_secret: "x" }))],
    ["a client_id by Basic with NUL", mint({}, basic({ client_id: "a\0b", client_secret: "x" }))],
    ["an empty secret by Basic", mint({}, basic({ ...client, client_secret: "" }))],
    ["the id in capitals", mint({ ...client, client_id: client.client_id.toUpperCase() })],
    ["the hash of the secret as secret", mint({ ...client, client_secret: "x".repeat(43) })],
  ];
  for (const [what, answer] of indistinguishable) t.strictSame(limits(await answer), expected, what);
});

const basicText = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString("base64")}` });

await t.test("credentials go by Basic or in the body, not both; an equal client_id beside Basic is fine", async (t) => {
  for (const body of [client, { client_secret: client.client_secret }, { client_secret: "another" }]) {
    t.match(await mint(body, basic(client)), { status: 400,
      body: { error: "invalid_request", error_description: /secret by HTTP Basic or in the body, not both/ } });
  }
  t.match(await mint({ client_id: UNKNOWN }, basic(client)), { status: 400,
    body: { error: "invalid_request", error_description: /^client_id in the body differs/ } });
  t.equal((await mint({ client_id: client.client_id }, basic(client))).status, 200);
  t.equal((await mint({}, basic(client))).status, 200);
  t.equal((await mint(client)).status, 200);
});

await t.test("HTTP Basic is form-decoded (RFC 6749 §2.3.1)", async (t) => {
  const { client_id: id, client_secret: secret } = client;
  const encoded = (text: string) =>
    [...text].map((one) => `%${one.charCodeAt(0).toString(16).padStart(2, "0")}`).join("");
  const accepted = [
    `${id}:${secret}`, `${encoded(id)}:${encoded(secret)}`, `${encoded(id).toUpperCase()}:${secret}`,
    `${id.replaceAll("-", "%2D")}:${secret.replaceAll("_", "%5F")}`, `${id}:${secret.replaceAll("_", "%5f")}`,
  ];
  for (const text of accepted) t.equal((await mint({}, basicText(text))).status, 200, text.slice(0, 12));
  t.equal((await mint({ client_id: id }, basicText(`${encoded(id)}:${secret}`))).status, 200,
    "the client_id in the body equals the decoded one");
  for (const text of [`${id}:${secret}%`, `${id}:%zz${secret}`, `%:${secret}`, `${id}:%e9`, `${id}:%ff%fe`]) {
    t.match(await mint({}, basicText(text)), { status: 400,
      body: { error: "invalid_request", error_description: /form-encoded.*%25/ } }, text.slice(-6));
  }
  for (const text of [`${id}+:${secret}`, `${id}:${secret}+`, `${id}%3A${secret}`, `${id}:%2525`, `%3A:${secret}`])
    t.match(await mint({}, basicText(text)), { status: 401, body: { error: "invalid_client" } }, text.slice(0, 6));
});

await t.test("of two Authorization headers none is believed", async (t) => {
  const token = await app.mint({}, client);
  const refused = { status: 400, body: { error: "invalid_request", error_description: /Authorization once/ } };
  const { port } = new URL(await app.fastify.listen({ port: 0, host: "127.0.0.1" }));
  const ask = (path: string, method: string, lines: string[]) => exchange("127.0.0.1", Number(port),
    [`${method} ${path} HTTP/1.1`, "Host: a", ...lines, "Connection: close", "Content-Type: application/json",
      "Content-Length: 11", "", "{\"sub\":\"a\"}"].join("\r\n"));
  const good = basic(client).authorization;
  t.match(await ask("/mint", "POST", [`Authorization: ${good}`, "authorization: Basic eDp5"]), refused);
  t.match(await ask("/revocations", "GET", [`Authorization: ${good}`, `Authorization: ${good}`]), refused);
  for (const path of ["/userinfo", "/clients"])
    t.match(await ask(path, "GET", [`Authorization: Bearer ${token}`, "AUTHORIZATION: Bearer x"]), refused, path);
  t.match(await ask("/userinfo", "GET", [`Authorization: Bearer ${token}`]), { status: 200 });
});

await t.test("what is missing is named", async (t) => {
  t.match(await mint({}), { status: 400, body: { error: "invalid_request",
    error_description: /^client_id is missing/ } });
  t.match(await mint({ client_id: client.client_id }), { status: 400,
    body: { error_description: /^client_secret is missing/ } });
  t.match(await mint({ client_secret: "x" }), { status: 400, body: { error_description: /^client_id is missing/ } });
});

await t.test("an Authorization header that is no Basic one is a failed authentication", async (t) => {
  const good = basic(client).authorization.slice("Basic ".length);
  const token = await app.mint({}, client);
  for (const authorization of ["Basic", "Basic ", "Basic !!!", `Basic ${good}!`, `Basic ${good} ${good}`,
    `Basic${good}`, `Bearer ${token}`, good,
    `Basic ${Buffer.from("no-colon").toString("base64")}`, `Basic ${Buffer.from(":secret").toString("base64")}`,
      `Basic ${"A".repeat(10_000)}`]) {
    const { status, headers, body } = await mint({}, { authorization });
    t.match({ status, error: body.error, challenge: headers["www-authenticate"] },
      { status: 401, error: "invalid_client", challenge: "Basic realm=\"authflow\"" }, authorization.slice(0, 30));
  }
  t.equal((await mint({}, { authorization: `basic   ${good}` })).status, 200, "the scheme is case-insensitive");
  t.equal((await mint(client, { authorization: "" })).status, 200, "an empty header presents nothing");
});

await t.test("credentials in the query are not read", async (t) => {
  const query = new URLSearchParams({ ...client }).toString();
  t.equal((await app.call("POST", `/mint?${query}`, { payload: { sub: "a" } })).status, 400);
});

await t.test("one client's secret opens no other client", async (t) => {
  const other = await app.register();
  t.equal((await mint({ ...client, client_secret: other.client_secret })).status, 401);
  t.equal((await mint({}, basic({ ...other, client_secret: client.client_secret }))).status, 401);
});
