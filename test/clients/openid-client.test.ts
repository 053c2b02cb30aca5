import * as jose from "jose";
import * as oidc from "openid-client";
import t from "../support/tap.js";
import { decode } from "../support/app.js";
import { cancelAt, forgetAtProvider, logInAs } from "../support/openid.js";
import { REDIRECT_URI } from "../support/registration.js";
import { UserAgent, type Visited } from "../support/user-agent.js";
import { application, authflow, json } from "./fixture.js";

const server = await authflow(t);
const agent = new UserAgent(); // one browser: after the first login its session answers

const keys = await jose.generateKeyPair("ES256");
const jwks = { keys: [{ ...await jose.exportJWK(keys.publicKey), kid: "1", alg: "ES256", use: "sig" }] };

/** openid-client as its documentation configures it, with every check that can be switched on. */
const configured = async (id: string, auth: oidc.ClientAuth): Promise<oidc.Configuration> =>
  oidc.discovery(new URL(server.url), id, {}, auth,
    { execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks] });

async function registered(metadata = {}, auth = (secret: string) => oidc.ClientSecretBasic(secret)) {
  const { client_id, client_secret } = await server.register({ redirect_uris: [REDIRECT_URI], ...metadata });
  return configured(client_id, auth(client_secret));
}

/** A request at the authorization endpoint, and the checks of its answer. */
async function request(config: oidc.Configuration, parameters: Record<string, string> = {}, isPushed = false) {
  const checks = {
    pkceCodeVerifier: oidc.randomPKCECodeVerifier(), expectedState: oidc.randomState(),
    expectedNonce: oidc.randomNonce(), idTokenExpected: true,
  };
  const all = {
    redirect_uri: REDIRECT_URI, scope: "openid profile email", state: checks.expectedState,
    nonce: checks.expectedNonce, code_challenge_method: "S256",
    code_challenge: await oidc.calculatePKCECodeChallenge(checks.pkceCodeVerifier), ...parameters,
  };
  const url = isPushed ? await oidc.buildAuthorizationUrlWithPAR(config, all) : oidc.buildAuthorizationUrl(config, all);
  return { url, checks };
}

const rejection = (call: Promise<unknown>): Promise<unknown> => call.then(() => undefined, (error: unknown) => error);
/** The request that a browser sends with the form of `page`. */
function formPost({ text }: Visited): Request {
  const fields = [...text.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)]
    .map(([, name = "", value = ""]) => [name, value.replaceAll("&#61;", "=")]);
  return new Request(REDIRECT_URI, { method: "POST", body: new URLSearchParams(fields) });
}

await logInAs(agent, "alice", (await request(await registered())).url);

const METHODS: [method: string, metadata: object, auth: (secret: string) => oidc.ClientAuth][] = [
  ["client_secret_basic", {}, (secret) => oidc.ClientSecretBasic(secret)],
  ["client_secret_post", {}, (secret) => oidc.ClientSecretPost(secret)],
  ["private_key_jwt", { jwks }, () => oidc.PrivateKeyJwt({ key: keys.privateKey, kid: "1" })],
  ["none", {}, () => oidc.None()],
];
for (const [method, metadata, auth] of METHODS) {
  await t.test(`a client that authenticates by ${method} logs users in, refreshes and revokes`, async (t) => {
    const config = await registered({ token_endpoint_auth_method: method, ...metadata }, auth);
    const { url, checks } = await request(config, {}, true);
    t.strictSame([...url.searchParams.keys()].sort(), ["client_id", "request_uri"], "the rest was pushed");
    const { url: answer } = await agent.open(url);
    const tokens = await oidc.authorizationCodeGrant(config, answer, { ...checks, maxAge: 600 });
    t.match(tokens.claims(), { iss: server.url, sub: "corp|alice", at_hash: String, auth_time: Number });
    const user = await oidc.fetchUserInfo(config, tokens.access_token, "corp|alice");
    t.match(user, { name: "The alice", email: "alice@example.com", email_verified: true });
    t.match(await rejection(oidc.fetchUserInfo(config, tokens.access_token, "corp|bob")),
      { code: "OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED" });

    const refreshed = await oidc.refreshTokenGrant(config, tokens.refresh_token ?? "");
    t.match(refreshed.claims(), { sub: "corp|alice", auth_time: tokens.claims()?.auth_time });
    t.not(refreshed.refresh_token, tokens.refresh_token);
    if (method !== "none") {
      t.match(await oidc.tokenIntrospection(config, refreshed.access_token),
        { active: true, sub: "corp|alice", scope: "openid profile email", token_type: "Bearer" });
      t.match(await oidc.tokenIntrospection(config, refreshed.refresh_token ?? ""), { active: true });
    }
    await oidc.tokenRevocation(config, refreshed.refresh_token ?? "");
    t.match(await rejection(oidc.refreshTokenGrant(config, refreshed.refresh_token ?? "")), { error: "invalid_grant" });
    t.match(await rejection(oidc.fetchUserInfo(config, refreshed.access_token, "corp|alice")), { status: 401 },
      "the access token ends with the refresh token");
  });
}

await t.test("a service gets a token of its own", async (t) => {
  const metadata = { token_endpoint_auth_method: "private_key_jwt", grant_types: ["client_credentials"], jwks };
  const { client_id } = await server.register(metadata);
  await server.operate("PATCH", `/clients/${client_id}`, { policy: { scopes: ["orders:read"] } });
  const config = await configured(client_id, oidc.PrivateKeyJwt({ key: keys.privateKey, kid: "1" }));
  const resource = "https://orders.example.com";
  const tokens = await oidc.clientCredentialsGrant(config, { scope: "orders:read", resource });
  t.match(decode(tokens.access_token),
    { iss: server.url, sub: client_id, client_id, aud: resource, scope: "orders:read" });
  t.match(await rejection(oidc.clientCredentialsGrant(config, { scope: "orders:write" })), { error: "invalid_scope" });
});

await t.test("prompt=none, form_post, resource and claims", async (t) => {
  const config = await registered();
  const silent = await request(config, { prompt: "none" });
  t.match((await oidc.authorizationCodeGrant(config, (await agent.open(silent.url)).url, silent.checks)).claims(),
    { sub: "corp|alice" });
  const stranger = await request(config, { prompt: "none" });
  const refused = await new UserAgent().open(stranger.url);
  t.match(await rejection(oidc.authorizationCodeGrant(config, refused.url, stranger.checks)),
    { code: "OAUTH_AUTHORIZATION_RESPONSE_ERROR", error: "login_required" });

  const posted = await request(config, { response_mode: "form_post" });
  const form = formPost(await agent.open(posted.url));
  t.match((await oidc.authorizationCodeGrant(config, form, posted.checks)).claims(), { sub: "corp|alice" });

  const resource = "https://api.example.com/v1";
  const bound = await request(config, { resource, claims: JSON.stringify({ id_token: { email: null } }) });
  const { url: answer } = await agent.open(bound.url);
  const tokens = await oidc.authorizationCodeGrant(config, answer, bound.checks, { resource });
  t.equal(decode(tokens.access_token).aud, resource);
  t.equal(tokens.claims()?.email, "alice@example.com");
});

await t.test("the library refuses an answer of another issuer, state or nonce", async (t) => {
  const config = await registered();
  /** The library's reason, for an answer that `edit` has changed. */
  const reason = async (edit: (answer: URLSearchParams) => void, expected = {}): Promise<unknown> => {
    const { url, checks } = await request(config);
    const { url: answer } = await agent.open(url);
    edit(answer.searchParams);
    const error = await rejection(oidc.authorizationCodeGrant(config, answer, { ...checks, ...expected }));
    const { cause } = error as Error;
    return cause instanceof Error ? cause.message : error;
  };
  t.match(await reason((answer) => { answer.set("iss", "https://other.example"); }), /unexpected "iss"/);
  t.match(await reason((answer) => { answer.delete("iss"); }), /"iss" .*missing/);
  t.match(await reason((answer) => { answer.set("state", "other"); }), /unexpected "state"/);
  t.match(await reason(() => undefined, { expectedNonce: "other" }), /unexpected ID Token "nonce"/);
  t.match(await reason(() => undefined, { pkceCodeVerifier: oidc.randomPKCECodeVerifier() }),
    { error: "invalid_grant" });
});

await t.test("an issuer with a slash at its end is the same text everywhere", async (t) => {
  const slashed = await authflow(t, (url) => ({ AUTHFLOW_ISSUER: `${url}/` }));
  const issuer = `${slashed.url}/`;
  const { client_id } = await slashed.register(
    { redirect_uris: [REDIRECT_URI], token_endpoint_auth_method: "private_key_jwt", jwks });
  const auth = oidc.PrivateKeyJwt({ key: keys.privateKey, kid: "1" }); // its audience is the issuer
  for (const given of [slashed.url, issuer]) {
    const config = await oidc.discovery(new URL(given), client_id, {}, auth,
      { execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks] });
    t.equal(config.serverMetadata().issuer, issuer);
    const { url, checks } = await request(config, {}, true);
    const browser = new UserAgent();
    const { url: answer } = await logInAs(browser, "alice", url);
    t.equal(answer.searchParams.get("iss"), issuer);
    const tokens = await oidc.authorizationCodeGrant(config, answer, checks);
    t.strictSame([tokens.claims()?.iss, decode(tokens.access_token).iss], [issuer, issuer]);
    t.match(await oidc.fetchUserInfo(config, tokens.access_token, "corp|alice"), { sub: "corp|alice" });
    const refreshed = await oidc.refreshTokenGrant(config, tokens.refresh_token ?? "");
    t.strictSame([refreshed.claims()?.iss, decode(refreshed.access_token).iss], [issuer, issuer]);
    t.match(await oidc.tokenIntrospection(config, refreshed.access_token), { active: true, iss: issuer });
    const silent = await request(config, { prompt: "none", id_token_hint: tokens.id_token ?? "" });
    const { url: again } = await browser.open(silent.url);
    t.match((await oidc.authorizationCodeGrant(config, again, silent.checks)).claims(), { iss: issuer });
    await oidc.tokenRevocation(config, refreshed.access_token);
    t.match(await oidc.tokenIntrospection(config, refreshed.access_token), { active: false });
  }
});

await t.test("the documented application logs in, refreshes and logs out", async (t) => {
  const { url, agent } = await application(t, server, "openid-client");
  t.match(json(await agent.open(url)), { message: /Log in at/ });
  t.match(json(await logInAs(agent, "bob", `${url}/login`)), { sub: "corp|bob", name: "The bob" });
  t.match(json(await agent.open(`${url}/refresh`)), { expires_in: Number });
  t.match(json(await agent.open(`${url}/refresh`)), { expires_in: Number }, "with the new refresh token");
  t.match(json(await agent.open(`${url}/logout`, { method: "POST" })), { message: /Log in at/ });
  forgetAtProvider(agent);
  t.match((await agent.open(`${url}/login`)).text, /name="login"/, "the next login needs a page");
});

await t.test("the documented application answers what goes wrong without a stack trace", async (t) => {
  const { url, agent } = await application(t, server, "openid-client");
  const invitation = { message: /Log in at/ };
  for (const [method, path] of [["GET", "/refresh"], ["POST", "/logout"]] as const) {
    const answer = await agent.open(url + path, { method });
    t.equal(answer.status, 401, `${path} without a login`);
    t.match(json(answer), invitation);
  }
  t.match(json(await agent.open(`${url}/callback?code=old&state=old`)), invitation, "an old address");

  const refused = await cancelAt(agent, `${url}/login`);
  t.equal(refused.status, 403);
  t.match(json(refused), { error: "access_denied", ...invitation });
  await agent.open(`${url}/login`);
  const foreign = await agent.open(`${url}/callback?code=x&state=of-another-login`);
  t.equal(foreign.status, 502);
  t.match(json(foreign), { error: String, ...invitation });

  await logInAs(agent, "carol", `${url}/login`);
  t.match(json(await agent.open(`${url}/callback?code=old&state=old`)), { sub: "corp|carol" }, "she stays logged in");
  await server.operate("POST", "/revocations", { sub: "corp|carol" });
  const ended = await agent.open(`${url}/refresh`);
  t.equal(ended.status, 401, "a logout elsewhere");
  t.match(json(ended), invitation);
  t.match(json(await agent.open(url)), invitation, "and she is logged out here too");
});
