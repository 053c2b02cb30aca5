import t from "../support/tap.js";
import { ADMIN_TOKEN, bearer, OPERATOR, REDIRECT_URI, testApp } from "../support/app.js";

const TOKEN = "registration-token-of-the-tests-0123";
const payload = { name: "a", redirect_uri: REDIRECT_URI };
const PUBLIC = { AUTHFLOW_PUBLIC_URL: "https://id.example.com",
  AUTHFLOW_KEY_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString("base64") };
const WITHOUT: Record<string, string> = {};
const WRONG = bearer("wrong-token-wrong-token-wrong-token-");

type Case = [who: string, headers: Record<string, string>, status: number, error?: string];
const MODES: [mode: string, env: Record<string, string>, cases: Case[]][] = [
  ["open", { AUTHFLOW_REGISTRATION_TOKEN: TOKEN }, [
    ["nobody", WITHOUT, 201], ["an empty token", { authorization: "Bearer " }, 201], ["the token", bearer(TOKEN), 201],
    ["a wrong token", WRONG, 401, "invalid_token"], ["the token by Basic", { authorization: `Basic ${TOKEN}` }, 401,
      "invalid_token"], ["the operator", OPERATOR, 201],
  ]],
  ["open, without any token", { AUTHFLOW_ADMIN_TOKEN: "" }, [
    ["nobody", WITHOUT, 201], ["an empty token", { authorization: "Bearer" }, 201],
    ["undefined as token", bearer("undefined"), 401, "invalid_token"],
  ]],
  ["token", { AUTHFLOW_REGISTRATION: "token", AUTHFLOW_REGISTRATION_TOKEN: TOKEN }, [
    ["nobody", WITHOUT, 401, "invalid_request"], ["a wrong token", WRONG, 401, "invalid_token"],
      ["the token", bearer(TOKEN), 201],
    ["the token with a blank before it", { authorization: `Bearer   ${TOKEN}` }, 201], ["the operator", OPERATOR, 201],
    ["a part of the token", bearer(TOKEN.slice(0, -1)), 401, "invalid_token"],
      ["the token twice", { authorization: `Bearer ${TOKEN}, Bearer ${TOKEN}` }, 401, "invalid_token"],
    ["the token by Basic", { authorization: `Basic ${TOKEN}` }, 401, "invalid_token"],
      ["an empty token", { authorization: "Bearer " }, 401, "invalid_token"],
  ]],
  ["token, which a public URL demands", { ...PUBLIC, AUTHFLOW_REGISTRATION_TOKEN: TOKEN },
    [["nobody", WITHOUT, 401, "invalid_request"], ["the token", bearer(TOKEN), 201]]],
  ["closed", { AUTHFLOW_REGISTRATION: "closed" }, [
    ["nobody", WITHOUT, 401, "invalid_request"], ["a wrong token", WRONG, 401, "invalid_token"],
      ["the operator", OPERATOR, 201],
  ]],
  ["closed, with a registration token left over", { AUTHFLOW_REGISTRATION: "closed",
    AUTHFLOW_REGISTRATION_TOKEN: TOKEN }, [["that token", bearer(TOKEN), 401, "invalid_token"]]],
  ["closed, without an operator", { AUTHFLOW_REGISTRATION: "closed", AUTHFLOW_ADMIN_TOKEN: "" }, [
    ["nobody", WITHOUT, 403, "access_denied"], ["undefined as token", bearer("undefined"), 403, "access_denied"],
  ]],
];
for (const [mode, env, cases] of MODES) {
  await t.test(`registration ${mode}`, async (t) => {
    const app = await testApp(t, env);
    for (const [who, headers, status, error] of cases) {
      const answer = await app.call("POST", "/clients", { headers, payload });
      t.match({ status: answer.status, error: answer.body.error }, { status, error }, who);
      if (status === 401) t.match(answer.headers["www-authenticate"], /^Bearer realm="authflow"/);
    }
  });
}

const OPERATIONS = [
  ["GET", "/clients"], ["GET", "/clients/:id"], ["PATCH", "/clients/:id"], ["DELETE", "/clients/:id"],
    ["POST", "/clients/:id/rotate-secret"],
] as const;
await t.test("the operators' endpoints take the admin token alone", async (t) => {
  const app = await testApp(t, { AUTHFLOW_REGISTRATION: "token", AUTHFLOW_REGISTRATION_TOKEN: TOKEN });
  const client = await app.register();
  const token = await app.mint({ sub: "admin", claims: { admin: true } }, client);
  for (const [method, path] of OPERATIONS) {
    const url = path.replace(":id", client.client_id);
    t.match(await app.call(method, url), { status: 401, body: { error: "invalid_request" } },
      `${method} ${path} by nobody`);
    for (const wrong of [TOKEN, token, client.client_secret, ADMIN_TOKEN.toUpperCase(), `${ADMIN_TOKEN}x`]) {
      t.match(await app.call(method, url, { headers: bearer(wrong) }),
        { status: 401, body: { error: "invalid_token" } }, `${method} ${path} by ${wrong.slice(0, 12)}`);
    }
  }
  t.equal((await app.call("GET", `/clients/${client.client_id}`, { headers: OPERATOR })).status, 200,
    "nothing of that happened");
});

await t.test("without an admin token in the settings the operators' endpoints are off for everyone", async (t) => {
  const app = await testApp(t, { AUTHFLOW_ADMIN_TOKEN: "" });
  for (const [method, path] of OPERATIONS) {
    for (const headers of [WITHOUT, bearer(""), bearer("undefined"), OPERATOR]) {
      t.match(await app.call(method, path.replace(":id", "019a8e5c-7f00-7c4e-9d1a-3f1c2b4a5d6e"), { headers }),
        { status: 403, body: { error: "access_denied" } });
    }
  }
});

type Headers = Record<string, string>;
const LOCAL = ["localhost", "localhost:8080", "LOCALHOST:9090", "127.0.0.1:8080", "127.8.9.1", "[::1]:8080", "[::1]",
  "authflow:8080", "app.localhost:3000"];
const FOREIGN = ["evil.example", "evil.example:8080", "localhost.evil.example", "localhost.", "127.0.0.1.evil.example",
  "192.168.0.7:8080", "[fe80::1]:8080", "2130706433"];
/** No host names: refused before anything else. */
const MALFORMED = ["evil.example@localhost", "localhost:8080@evil.example", "localhost/.evil.example",
  "localhost, evil.example", "evil.example#localhost"];
await t.test("on a loopback URL a page of another site, whose name leads here, gets nothing", async (t) => {
  const app = await testApp(t);
  const register = (headers: Headers) => app.call("POST", "/clients", { headers, payload });
  const list = (headers: Headers) =>
    app.call("GET", "/clients", { headers: { ...OPERATOR, ...headers } });
  for (const host of LOCAL) {
    for (const headers of [{ host }, { host, origin: `http://${host}` }] as Headers[]) {
      t.equal((await register(headers)).status, 201, JSON.stringify(headers));
      t.equal((await list(headers)).status, 200, JSON.stringify(headers));
    }
  }
  const refused = { status: 403, body: { error: "access_denied", error_description: /http:\/\/localhost:8080/ } };
  const foreign = FOREIGN.flatMap((host): Headers[] =>
    [{ host }, { host, origin: `http://${host}` }, { host: "localhost", origin: `http://${host}` }]);
  for (const headers of [...foreign, { host: "localhost", origin: "null" }]) {
    t.match(await register(headers), refused, JSON.stringify(headers));
    t.match(await list(headers), refused, JSON.stringify(headers));
  }
  for (const host of MALFORMED) {
    t.match(await register({ host }), { status: 400, body: { error: "invalid_request" } }, host);
    t.match(await register({ host: "localhost", origin: `http://${host}` }), refused, host);
  }
});

await t.test("where all may register, a page of another program on this machine is a stranger", async (t) => {
  const app = await testApp(t, { AUTHFLOW_REGISTRATION_TOKEN: TOKEN });
  const register = async (headers: Headers, more: object = {}) => {
    const { status, body } = await app.call("POST", "/clients", { headers, payload: { ...payload, ...more } });
    if (status !== 201) return body.error;
    return (await app.fastify.clients.read(body.client_id as string)).isSelfRegistered;
  };
  const host = "localhost:8080";
  const page = { host, origin: "http://localhost:6274" };
  t.equal(await register({ host }), false, "a program on this machine");
  t.equal(await register({ host, origin: `http://${host}` }), false, "/docs");
  for (const origin of [page.origin, "https://app.localhost", "http://127.0.0.1:8080", "http://localhost"])
    t.equal(await register({ host, origin }), true, origin);
  t.equal(await register(page, { permissions: ["feed"] }), "access_denied");
  t.equal(await register({ ...page, ...bearer(TOKEN) }), false, "it has the token");
});

await t.test("on a public URL the proxy decides about Host", async (t) => {
  const app = await testApp(t, { ...PUBLIC, AUTHFLOW_REGISTRATION_TOKEN: TOKEN });
  const headers = { ...bearer(TOKEN), host: "10.0.0.1:8080", origin: "https://admin.example.com" };
  t.equal((await app.call("POST", "/clients", { headers, payload })).status, 201);
});
