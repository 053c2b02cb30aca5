import t from "../support/tap.js";
import { bearer, OPERATOR, type Sent, testApp } from "../support/app.js";

const PUBLIC = {
  AUTHFLOW_PUBLIC_URL: "https://id.example.com", AUTHFLOW_KEY_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString("base64"),
  AUTHFLOW_REGISTRATION: "closed",
};
const app = await testApp(t);
const client = await app.register();
const token = await app.mint({}, client);
type Requested = [method: "GET" | "POST" | "PATCH" | "OPTIONS", url: string, sent: Sent, status: number];

const REQUESTS: Requested[] = [
  ["POST", "/mint", { payload: { ...client, sub: "a" } }, 200],
  ["POST", "/mint", { payload: { ...client, sub: "" } }, 400],
  ["POST", "/mint", { payload: { ...client, client_secret: "x", sub: "a" } }, 401],
  ["POST", "/mint", { payload: { ...client, sub: "google|1" } }, 403],
  ["POST", "/mint", { payload: "x".repeat(40_000), headers: { "content-type": "application/json" } }, 413],
  ["POST", "/mint", { payload: "x" }, 415],
  ["POST", "/mint", { payload: {}, headers: { "content-encoding": "gzip" } }, 415],
  ["POST", "/clients", { payload: { name: "a", redirect_uri: "https://a.example/" } }, 201],
  ["POST", "/clients", { payload: {} }, 400],
  ["GET", "/clients", { headers: OPERATOR }, 200],
  ["GET", "/clients", {}, 401],
  ["PATCH", `/clients/${client.client_id}`, { headers: OPERATOR, payload: { disabled: false } }, 200],
  ["POST", `/clients/${client.client_id}/rotate-secret`, { headers: OPERATOR, payload: {} }, 200],
  ["GET", "/userinfo", { headers: bearer(token) }, 200],
  ["GET", "/userinfo", {}, 401],
  ["POST", "/logout", { headers: bearer(token) }, 200],
  ["POST", "/logout", { headers: bearer(token) }, 401],
  ["GET", "/nowhere", {}, 404],
  ["GET", "/%zz", {}, 400],
];
for (const [method, url, sent, status] of REQUESTS) {
  await t.test(`${method} ${url.replace(client.client_id, ":id")} → ${status} may not be stored`, async (t) => {
    const answer = await app.call(method, url, sent);
    t.match(answer, { status, headers: { "cache-control": "no-store" } });
    t.match(answer.headers["content-type"], /^application\/json/);
    t.match(answer.headers, {
      "x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "x-frame-options": "DENY",
      "content-security-policy": /default-src 'none'.*frame-ancestors 'none'/,
    });
    t.equal(answer.headers["set-cookie"], undefined);
    t.equal(answer.headers["x-powered-by"], undefined);
    t.equal(answer.headers.server, undefined);
  });
}

await t.test("no answer on the way of a login cuts a popup off from the page that opened it", async (t) => {
  const login = await testApp(t, { GITHUB_CLIENT_ID: "id", GITHUB_CLIENT_SECRET: "secret" });
  const { client_id } = await login.register();
  const start = `/auth/github?client_id=${client_id}&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcallback`;
  const form = { headers: { "content-type": "application/x-www-form-urlencoded" }, payload: "state=a&code=b" };
  const answers: [method: "GET" | "POST" | "HEAD", url: string, sent: Sent, status: number][] = [
    ["GET", start, {}, 302], ["GET", start.replace("github", "%67ithub"), {}, 302], ["GET", "/auth", {}, 200],
    ["GET", "/auth?client_id=a", {}, 200], ["GET", "/%61uth/github", {}, 400], ["GET", "/auth/nobody", {}, 404],
    ["GET", `${start}&response_type=x`, {}, 302], ["GET", "/auth/github/callback?state=a", {}, 410],
    ["POST", "/auth/github/callback", form, 303], ["GET", "/auth/github/callback/", {}, 404],
  ];
  for (const [method, url, sent, status] of answers) {
    const { headers, ...answer } = await login.call(method, url, sent);
    t.equal(answer.status, status, url);
    t.equal(headers["cross-origin-opener-policy"], undefined, url);
    t.equal(headers["x-frame-options"], "DENY", "all else is as it is everywhere");
  }
  for (const url of ["/authx", "/health/live", "/docs", "/userinfo"])
    t.equal((await login.call("GET", url)).headers["cross-origin-opener-policy"], "same-origin", url);
});

await t.test("a cached JWKS carries no leave to be framed or sniffed either", async (t) => {
  const { headers } = await app.call("GET", "/.well-known/jwks.json");
  t.match(headers, { "x-content-type-options": "nosniff", "content-security-policy": /frame-ancestors 'none'/ });
});

await t.test("the documentation can't be framed", async (t) => {
  const { headers } = await app.call("GET", "/docs");
  t.match(headers, { "x-frame-options": "DENY", "x-content-type-options": "nosniff",
    "content-security-policy": /script-src 'self'/ });
  t.notMatch(headers["content-security-policy"], /unsafe-inline.*script|script-src[^;]*unsafe/);
  t.match(headers["content-security-policy"], /frame-ancestors 'none'/);
});

await t.test("HSTS is said on an https URL, and only there", async (t) => {
  t.equal((await app.call("GET", "/health/live")).headers["strict-transport-security"], undefined);
  const published = await testApp(t, PUBLIC);
  t.match((await published.call("GET", "/health/live")).headers["strict-transport-security"], /max-age=\d{8}/);
});

const ORIGIN = { origin: "https://evil.example" };
const preflight = (method: string) =>
  ({ ...ORIGIN, "access-control-request-method": method, "access-control-request-headers": "authorization" });

await t.test("pages may call what a page has the token for, without credentials", async (t) => {
  const jwks = await app.call("GET", "/.well-known/jwks.json", { headers: ORIGIN });
  t.match(jwks.headers, { "access-control-allow-origin": "*", "access-control-allow-credentials": undefined });
  for (const [method, url] of [["GET", "/userinfo"], ["POST", "/logout"], ["GET", "/userinfo?x=1"]] as const) {
    const before = await app.call("OPTIONS", url, { headers: preflight(method) });
    t.match(before, { status: 204, headers: { "access-control-allow-origin": "*",
      "access-control-allow-methods": new RegExp(method) } });
    t.match(before.headers["access-control-allow-headers"], /authorization/i);
    const answer = await app.call(method, url, { headers: ORIGIN });
    t.equal(answer.headers["access-control-allow-origin"], "*", `${method} ${url}`);
    for (const { headers } of [before, answer]) t.equal(headers["access-control-allow-credentials"], undefined);
  }
});

await t.test("no page may call what needs a secret", async (t) => {
  for (const [method, url] of [
    ["POST", "/mint"], ["GET", "/clients"], ["PATCH", `/clients/${client.client_id}`],
    ["GET", "/keys"], ["POST", "/revocations"], ["POST", "/introspect"], ["GET", "/authorize"],
    ["GET", "/health/ready"], ["GET", "/openapi.json"],
    ["GET", "/userinfo/"], ["GET", "//userinfo"],
  ] as const) {
    const before = await app.call("OPTIONS", url, { headers: preflight(method) });
    const answer = await app.call(method, url, { headers: { ...ORIGIN, ...OPERATOR } });
    for (const { headers } of [before, answer]) t.equal(headers["access-control-allow-origin"], undefined,
      `${method} ${url}`);
    // Known paths answer OPTIONS, but without the headers that would let a page go on.
    t.equal(before.status, url.startsWith("//") || url.endsWith("/") ? 404 : 204);
    t.equal(before.headers["access-control-allow-headers"], undefined);
  }
});

await t.test("a page may register a client, with a token where one is needed, and read what is wrong", async (t) => {
  const token = "registration-token-of-the-tests-0123";
  const published = await testApp(t, {
    ...PUBLIC, AUTHFLOW_REGISTRATION: "token", AUTHFLOW_REGISTRATION_TOKEN: token,
    AUTHFLOW_RATE_LIMIT_REGISTRATION: "5",
  });
  const before = await published.call("OPTIONS", "/clients", { headers: {
    ...preflight("POST"), "access-control-request-headers": "authorization,content-type",
  } });
  t.match(before, { status: 204, headers: { "access-control-allow-origin": "*",
    "access-control-allow-methods": /POST/, "access-control-allow-headers": /authorization.*content-type/i } });
  const body = { client_name: "a page", redirect_uris: ["https://a.example/"], token_endpoint_auth_method: "none" };
  const answers = await Promise.all([
    [bearer(token), body, 201], [bearer(token), {}, 400], [{}, body, 401], [bearer("x"), body, 401],
    [bearer(token), "x".repeat(40_000), 413],
  ].map(async ([headers, payload, status]) => {
    const type = { "content-type": "application/json" };
    const answer = await published.call("POST", "/clients", {
      headers: { ...ORIGIN, ...type, ...headers as object }, payload: payload as object,
    });
    t.equal(answer.status, status);
    return answer;
  }));
  answers.push(await published.call("POST", "/clients", { headers: ORIGIN, payload: body }));
  t.equal(answers.at(-1)?.status, 429);
  for (const { status, headers } of [before, ...answers]) {
    t.equal(headers["access-control-allow-origin"], "*", `${status}`);
    t.equal(headers["access-control-allow-credentials"], undefined);
    t.equal(headers["set-cookie"], undefined);
  }
});

await t.test("discovery answers clients that send a header of their own", async (t) => {
  for (const url of ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration",
    "/.well-known/jwks.json"]) {
    const { status, headers } = await app.call("OPTIONS", url, { headers: {
      ...preflight("GET"), "access-control-request-headers": "mcp-protocol-version",
    } });
    t.match({ status, headers }, { status: 204, headers: {
      "access-control-allow-origin": "*", "access-control-allow-headers": /MCP-Protocol-Version/,
    } });
  }
});

await t.test("an OPTIONS that is no preflight gets an answer like every other", async (t) => {
  const { status, headers } = await app.call("OPTIONS", "/logout");
  t.ok(status < 500);
  t.notMatch(headers["content-type"], /^text\//);
});
