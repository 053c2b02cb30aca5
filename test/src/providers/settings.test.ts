import type { IncomingMessage } from "node:http";
import t from "../../support/tap.js";
import { decode, REDIRECT_URI, testApp } from "../../support/app.js";
import { delivered } from "../../support/login.js";
import { lyingUpstreams, type LyingUpstream } from "../../support/lying-upstream.js";
import { logInAs, openIdUpstream, UPSTREAM_CLIENT } from "../../support/openid.js";
import type { Suite } from "../../support/services.js";
import { UserAgent } from "../../support/user-agent.js";

const CALLBACK = "http://localhost:8080/auth/corp/callback";
type Settings = Record<string, string | undefined>;

/** A login at a real provider (npm oidc-provider), whose one client has `metadata`. */
async function logIn(t: Suite, metadata: object, other: Settings, configuration: object = {}) {
  let authorization: string | undefined;
  const { issuer, settings, server } = await openIdUpstream(t, { callbacks: [CALLBACK], configuration: {
    ...configuration,
    clients: [{ ...UPSTREAM_CLIENT, redirect_uris: [CALLBACK], response_types: ["code"],
      grant_types: ["authorization_code"], ...metadata }],
  } });
  server.on("request", ({ url, headers }: IncomingMessage) => {
    if (url === "/token") ({ authorization } = headers);
  });
  const env = Object.fromEntries(Object.entries({ ...settings, ...other })
    .map(([name, value]) => [name.replace(/^_/, "AUTHFLOW_OIDC_CORP_"), (value ?? "").replace("ISSUER", issuer)]));
  const app = await testApp(t, env);
  const { client_id } = await app.register();
  const query = new URLSearchParams({ client_id, redirect_uri: REDIRECT_URI });
  const agent = new UserAgent(app);
  const answer = delivered(await logInAs(agent, "alice", `http://localhost:8080/auth/corp?${query.toString()}`));
  return { claims: answer.access_token === undefined ? {} : decode(answer.access_token), authorization };
}

for (const method of ["client_secret_basic", "client_secret_post"]) {
  await t.test(`a client that authenticates by ${method}, whatever the discovery document says`, async (t) => {
    const isBasic = ({ authorization }: { authorization: string | undefined }) =>
      authorization?.startsWith("Basic ") ?? false;
    const logInAt = (offered: string, settings: Settings) =>
      logIn(t, { token_endpoint_auth_method: offered }, settings, { clientAuthMethods: [offered] });
    const other = method.endsWith("basic") ? "client_secret_post" : "client_secret_basic";
    t.equal(isBasic(await logInAt(other, { _TOKEN_AUTH: method })), method.endsWith("basic"));
    const discovered = await logInAt(method, {});
    t.equal(isBasic(discovered), method.endsWith("basic"), "if it is not set, as the document says");
    t.match(discovered.claims, { sub: "corp|alice" });
  });
}

await t.test("a public client has no secret", async (t) => {
  const metadata = { token_endpoint_auth_method: "none", client_secret: undefined };
  t.match((await logIn(t, metadata, { _TOKEN_AUTH: "none", _CLIENT_SECRET: "" })).claims, { sub: "corp|alice" });
});

await t.test("the operator's parameters go to the provider, such as those for OpenID's claims", async (t) => {
  const claims = JSON.stringify({ id_token: { email: null, zoneinfo: null } });
  const params = new URLSearchParams({ claims }).toString();
  const configuration = {
    features: { claimsParameter: { enabled: true } },
    claims: { openid: ["sub"], email: ["email"], profile: ["name"], place: ["zoneinfo"] },
    findAccount: (_: unknown, id: string) =>
      ({ accountId: id, claims: () => ({ sub: id, email: "a@b.example", zoneinfo: "Europe/Zurich" }) }),
  };
  const { claims: found } = await logIn(t, {}, { _AUTH_PARAMS: params, _SCOPE: "openid", _CLAIMS: "zone=zoneinfo" },
    configuration);
  t.match(found, { sub: "corp|alice", email: "a@b.example", zone: "Europe/Zurich" });
});

await t.test("a provider that was asked to answers with a form", async (t) => {
  const { settings } = await openIdUpstream(t, { callbacks: [CALLBACK] });
  const app = await testApp(t, { ...settings, AUTHFLOW_OIDC_CORP_AUTH_PARAMS: "response_mode=form_post" });
  const { client_id } = await app.register();
  const query = new URLSearchParams({ client_id, redirect_uri: REDIRECT_URI });
  const agent = new UserAgent(app);
  const form = await logInAs(agent, "alice", `http://localhost:8080/auth/corp?${query.toString()}`);
  t.match(form.text, `action="${CALLBACK}"`, "a page that sends itself");
  t.match(delivered(await agent.submit(form)), { access_token: String });
});

await t.test("a discovery document may stand elsewhere, and claims have other names (Azure AD B2C)", async (t) => {
  const { upstreams, settings } = await lyingUpstreams(t, ["corp"]);
  const [upstream] = upstreams as [LyingUpstream];
  const issuer = "https://login.example/4711/v2.0/";
  upstream.lies = {
    discovery: (truth) => ({ ...truth, issuer, userinfo_endpoint: undefined }),
    claims: (truth) => ({
      ...truth, iss: issuer, email: undefined, email_verified: undefined, name: undefined, emails: ["b2c@x.example"],
      given_name: "B", family_name: "C", tid: "4711", groups: ["a", "b"], evil: "a\u202eb", large: "x".repeat(2000),
    }),
  };
  const app = await testApp(t, {
    ...settings, AUTHFLOW_OIDC_CORP_ISSUER: issuer,
    AUTHFLOW_OIDC_CORP_DISCOVERY_URL: `${upstream.issuer}/.well-known/openid-configuration?p=b2c_1`,
    AUTHFLOW_OIDC_CORP_CLAIMS: "email=emails[0],name=family_name+given_name,tid,roles=groups,missing,evil,large",
  });
  const { client_id } = await app.register();
  const query = new URLSearchParams({ client_id, redirect_uri: REDIRECT_URI });
  const { access_token = "" } =
    delivered(await new UserAgent(app).open(`http://localhost:8080/auth/corp?${query.toString()}`));
  const claims = decode(access_token);
  t.match(claims, { sub: `corp|${upstream.canary}`, email: "b2c@x.example", email_verified: false, name: "C B",
    tid: "4711", roles: ["a", "b"] });
  t.notOk("missing" in claims || "evil" in claims || "large" in claims || "groups" in claims);
});

await t.test("email_verified says nothing about an address of another claim", async (t) => {
  const { upstreams, settings } = await lyingUpstreams(t, ["corp"]);
  const [upstream] = upstreams as [LyingUpstream];
  const verifiedOf = async (map: string, claims: object) => {
    upstream.lies = { claims: (truth) => ({ ...truth, ...claims }) };
    const app = await testApp(t, { ...settings, AUTHFLOW_OIDC_CORP_CLAIMS: map });
    const { client_id } = await app.register();
    const query = new URLSearchParams({ client_id, redirect_uri: REDIRECT_URI });
    const { url } = await new UserAgent(app).open(`http://localhost:8080/auth/corp?${query.toString()}`);
    return decode(delivered({ url }).access_token as string).email_verified;
  };
  const claims = { email: "a@x.example", email_verified: true };
  t.equal(await verifiedOf("email=upn", { ...claims, upn: "b@x.example" }), false);
  t.equal(await verifiedOf("email=upn", { ...claims, upn: "A@x.example" }), true, "unless it is the same");
  t.equal(await verifiedOf("email=upn,email_verified=edov", { ...claims, upn: "b@x.example", edov: "true" }), true,
    "or the operator says which claim is about it");
});
