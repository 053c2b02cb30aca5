import t from "../../support/tap.js";
import { basic, type Credentials, decode, OPERATOR, testApp } from "../../support/app.js";

const FORM = { "content-type": "application/x-www-form-urlencoded" };
const [API, BILLING] = ["https://api.example.com", "https://billing.example.com"];

const app = await testApp(t, { AUTHFLOW_PUBLIC_URL: "http://localhost:9090" });
const client = await app.register();
await app.call("PATCH", `/clients/${client.client_id}`, { headers: OPERATOR, payload: { policy: {
  scopes: ["read", "write"], audiences: [API, BILLING], audience_scopes: { [BILLING]: ["write"] },
} } });
const ask = (parameters: string | string[][], by: Credentials = client) => app.call("POST", "/token", {
  headers: { ...FORM, ...basic(by) },
  payload: `grant_type=client_credentials&${new URLSearchParams(parameters).toString()}`,
});

await t.test("a client gets a token of its own (RFC 6749 §4.4, RFC 9068 §2.2)", async (t) => {
  const { status, headers, body } = await ask([["scope", "read"], ["resource", API]]);
  t.match({ status, cached: headers["cache-control"] }, { status: 200, cached: "no-store" });
  const { access_token: token, ...rest } = body;
  t.strictSame(rest, { token_type: "Bearer", expires_in: 3600, scope: "read" });
  const { jti, iat, exp, ...claims } = decode(token as string);
  t.strictSame(claims, {
    iss: "http://localhost:9090", sub: client.client_id, aud: API, client_id: client.client_id, scope: "read",
  });
  t.match({ jti, lifetime: Number(exp) - Number(iat) }, { jti: String, lifetime: 3600 });
  const introspected = await app.call("POST", "/introspect",
    { headers: { ...FORM, ...basic(client) }, payload: `token=${token as string}` });
  t.match(introspected.body, { active: true, sub: client.client_id, scope: "read" });
  t.equal((await app.logout(token as string)).status, 200, "it ends as every token does");
});

const GRANTED: [what: string, parameters: string[][], scope: string | undefined, aud: unknown][] = [
  ["nothing asked", [], undefined, undefined],
  ["empty parameters", [["scope", ""], ["resource", ""]], undefined, undefined],
  ["two resources", [["resource", API], ["resource", BILLING]], undefined, [API, BILLING]],
  ["two resources, one of them empty", [["resource", ""], ["resource", API]], undefined, API],
  ["one resource twice", [["resource", API], ["resource", `${API}/`]], undefined, API],
  ["openid, which is about a user", [["scope", "openid read offline_access"]], "read", undefined],
  ["a scope that one of two resources may not get", [["scope", "read write"], ["resource", API],
    ["resource", BILLING]], "write", [API, BILLING]],
];
for (const [what, parameters, scope, aud] of GRANTED) {
  await t.test(`${what}: what is granted stands in the answer and in the token`, async (t) => {
    const { status, body } = await ask(parameters);
    t.equal(status, 200, JSON.stringify(body));
    t.strictSame([body.scope, "refresh_token" in body, "id_token" in body], [scope, false, false]);
    const claims = decode(body.access_token as string);
    t.strictSame([claims.scope, claims.aud], [scope, aud]);
  });
}

await t.test("what strangers may ask users for, no client gets by itself", async (t) => {
  const open = await testApp(t, {
    AUTHFLOW_REGISTRATION: "open", AUTHFLOW_SELF_REGISTERED_SCOPES: "mcp:tools",
    AUTHFLOW_SELF_REGISTERED_AUDIENCES: API,
  });
  for (const remoteAddress of ["203.0.113.9", "127.0.0.1"]) {
    const { body } = await open.call("POST", "/clients",
      { remoteAddress, payload: { client_name: "a", grant_types: ["client_credentials"] } });
    const asking = (parameters: Record<string, string>) => open.call("POST", "/token", {
      headers: { ...FORM, ...basic(body as unknown as Credentials) },
      payload: new URLSearchParams({ grant_type: "client_credentials", ...parameters }).toString(),
    });
    t.match((await asking({ scope: "mcp:tools" })).body, { error: "invalid_scope" }, remoteAddress);
    if (remoteAddress !== "127.0.0.1") t.match((await asking({ resource: API })).body, { error: "invalid_target" });
  }
});

const REFUSED: [what: string, parameters: string[][], error: string, description: RegExp][] = [
  ["a scope beyond the policy", [["scope", "read admin"]], "invalid_scope", /"admin"/],
  ["a scope that the resource may not get", [["scope", "read"], ["resource", BILLING]], "invalid_scope", /"read"/],
  ["a resource beyond the policy", [["resource", "https://other.example.com"]], "invalid_target", /other\.example/],
  ["a resource that is no URI", [["resource", "api"]], "invalid_target", /absolute URI/],
  ["a resource with a fragment", [["resource", `${API}#a`]], "invalid_target", /fragment/],
  ["eleven resources", Array.from({ length: 11 }, () => ["resource", API]), "invalid_request", /^resource/],
  ["a scope sent twice", [["scope", "read"], ["scope", "read"]], "invalid_request", /^scope must be given once/],
];
for (const [what, parameters, error, description] of REFUSED) {
  await t.test(`${what} is refused`, async (t) => {
    t.match(await ask(parameters), { status: 400, body: { error, error_description: description } });
  });
}

await t.test("a client that does not authenticate, or lacks the grant, gets nothing", async (t) => {
  const spa = await app.register({ token_endpoint_auth_method: "none" });
  t.match(await app.call("POST", "/token", {
    headers: FORM, payload: `grant_type=client_credentials&client_id=${spa.client_id}`,
  }), { status: 400, body: { error: "unauthorized_client", error_description: /clients that authenticate/ } });
  t.match(await ask([], { ...client, client_secret: "wrong" }), { status: 401, body: { error: "invalid_client" } });
  const login = await app.register({ permissions: ["login"] });
  t.match(await ask([], login),
    { status: 400, body: { error: "unauthorized_client", error_description: /may not use/ } });
});

await t.test("a default audience is the token's where the request names none", async (t) => {
  const other = await app.register();
  await app.call("PATCH", `/clients/${other.client_id}`,
    { headers: OPERATOR, payload: { policy: { default_audience: ["api"] } } });
  t.equal(decode((await ask([], other)).body.access_token as string).aud, "api");
});
