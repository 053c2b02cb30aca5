import t from "../../support/tap.js";
import { decode, REDIRECT_URI, testApp } from "../../support/app.js";
import { delivered, loginFixture } from "../../support/login.js";
import { type Json, type LyingUpstream, lyingUpstreams } from "../../support/lying-upstream.js";
import { UserAgent } from "../../support/user-agent.js";

const { upstreams, settings } = await lyingUpstreams(t, ["corp"]);
const [corp] = upstreams as [LyingUpstream];
const github = { GITHUB_CLIENT_ID: "g", GITHUB_CLIENT_SECRET: "s" };
const app = await testApp(t, { ...settings, ...github });
const { client_id } = await app.register();
const strict = await testApp(t, { ...settings, AUTHFLOW_OIDC_CORP_AUTH_PARAMS: "hd=corp.example&prompt=consent" });
const strictClient = await strict.register();
const HINTS = {
  prompt: "select_account consent", login_hint: "alice+1@corp.example", max_age: "60", ui_locales: "fr-CH fr",
  acr_values: "urn:mfa", hd: "corp.example", domain_hint: "corp.example",
};

const start = (hints: Record<string, string>, provider = "corp", id = client_id): string =>
  `/auth/${provider}?${new URLSearchParams({ client_id: id, redirect_uri: REDIRECT_URI, ...hints }).toString()}`;
async function sentTo(hints: Record<string, string>, provider?: string): Promise<URL> {
  return new URL((await app.call("GET", start(hints, provider))).headers.location as string);
}
/** A whole login, in which the ID token has further claims; `secondsAgo` gives its auth_time. */
async function logIn(hints: Record<string, string>, claims: Json, to = app, id = client_id): Promise<Json> {
  const { secondsAgo, ...rest } = claims;
  const authTime = () => Math.floor(Date.now() / 1000) - Number(secondsAgo);
  corp.lies = {
    claims: (truth) => ({ ...truth, ...(secondsAgo !== undefined && { auth_time: authTime() }), ...rest }),
  };
  const { url } = await new UserAgent(to).open(`http://localhost:8080${start(hints, "corp", id)}`);
  const { access_token: token, ...answer } = delivered({ url });
  return token === undefined ? answer : decode(token);
}

await t.test("the application's parameters reach the provider, and nothing else does", async (t) => {
  const { searchParams, search } = await sentTo({ ...HINTS, nonce: "x", scope: "x", claims: "x", response_mode: "x" });
  for (const [name, value] of Object.entries(HINTS)) t.equal(searchParams.get(name), value, name);
  t.equal(searchParams.get("scope"), "openid email profile");
  t.not(searchParams.get("nonce"), "x");
  t.notOk(searchParams.has("claims") || searchParams.has("response_mode"));
  t.match(search, "ui_locales=fr-CH%20fr");
});

await t.test("an empty one counts as absent", async (t) => {
  const { searchParams } = await sentTo(Object.fromEntries(Object.keys(HINTS).map((name) => [name, ""])));
  t.strictSame(Object.keys(HINTS).filter((name) => searchParams.has(name)), []);
});

await t.test("what is wrong with one is told to the application", async (t) => {
  const wrong: [Record<string, string>, RegExp][] = [[{ max_age: "-1" }, /max_age/], [{ max_age: "1.5" }, /max_age/],
    [{ prompt: "none login" }, /prompt/], [{ login_hint: "a\nb" }, /login_hint/]];
  for (const [hints, description] of wrong)
    t.match(delivered({ url: await sentTo(hints) }), { error: "invalid_request", error_description: description });
  t.match(await app.call("GET", `${start({ prompt: "a" })}&prompt=b`), { status: 400 });
});

const CHECKED: [promise: string, hints: Record<string, string>, claims: Json, error?: string][] = [
  ["prompt=login and a login just now", { prompt: "login" }, { secondsAgo: 0 }],
  ["prompt=login and a clock that is behind", { prompt: "login" }, { secondsAgo: 50 }],
  ["prompt=login and an earlier login", { prompt: "login" }, { secondsAgo: 600 }, "server_error"],
  ["prompt=login and no auth_time", { prompt: "login" }, {}, "server_error"],
  ["prompt=login beside another, and max_age", { prompt: "consent login", max_age: "9999" }, { secondsAgo: 600 },
    "server_error"],
  ["max_age and a login within it", { max_age: "1000" }, { secondsAgo: 600 }],
  ["max_age and an earlier login", { max_age: "300" }, { secondsAgo: 600 }, "server_error"],
  ["max_age=0 and an earlier login", { max_age: "0" }, { secondsAgo: 600 }, "server_error"],
  ["max_age and no auth_time", { max_age: "300" }, {}, "server_error"],
  ["max_age and auth_time null", { max_age: "300" }, { auth_time: null }, "server_error"],
  ["max_age and an auth_time that is no number", { max_age: "300" }, { auth_time: "now" }, "server_error"],
  ["prompt=select_account and an earlier login", { prompt: "select_account" }, { auth_time: 1 }],
  ["hd and its account", { hd: "corp.example" }, { hd: "Corp.Example" }],
  ["hd and another account", { hd: "corp.example" }, { hd: "evil.example" }, "access_denied"],
  ["hd and a private account", { hd: "corp.example" }, {}, "access_denied"],
  ["any hd and an account of an organisation", { hd: "*" }, { hd: "corp.example" }],
  ["any hd and a private account", { hd: "*" }, {}, "access_denied"],
];
for (const [promise, hints, claims, error] of CHECKED) {
  await t.test(promise, async (t) => {
    const answer = await logIn(hints, claims);
    t.equal(answer.error, error);
    if (error === undefined) t.equal(answer.sub, `corp|${corp.canary}`);
  });
}

await t.test("with prompt=login the provider has to say when the user logged in", async (t) => {
  t.equal((await sentTo({ prompt: "login" })).searchParams.get("max_age"), "0");
  t.equal((await sentTo({ prompt: "consent" })).searchParams.get("max_age"), null);
});

await t.test("the operator's parameters replace the application's, and are checked", async (t) => {
  const hints = { hd: "evil.example", prompt: "none" };
  const { headers } = await strict.call("GET", start(hints, "corp", strictClient.client_id));
  t.match(Object.fromEntries(new URL(headers.location as string).searchParams),
    { hd: "corp.example", prompt: "consent" });
  t.match(await logIn(hints, { hd: "evil.example" }, strict, strictClient.client_id), { error: "access_denied" });
  t.match(await logIn({}, { hd: "corp.example" }, strict, strictClient.client_id), { provider: "corp" });
});

await t.test("a provider without ID tokens can't prove them", async (t) => {
  for (const [name, value] of [["max_age", "1"], ["prompt", "login"], ["hd", "corp.example"]] as const) {
    t.match(delivered({ url: await sentTo({ [name]: value }, "github") }),
      { error: "invalid_request", error_description: /GitHub does not prove it/ });
  }
  const { searchParams, hostname } = await sentTo({ prompt: "select_account", login_hint: "a" }, "github");
  t.equal(hostname, "github.com");
  t.match(Object.fromEntries(searchParams), { prompt: "select_account", login_hint: "a" });
});

await t.test("at a real provider: no page, a new login, and a login that is recent enough", async (t) => {
  const { logIn, url, app } = await loginFixture(t);
  const agent = new UserAgent(app);
  t.match(delivered(await agent.open(url({ prompt: "none" }))), { error: "login_required", state: "xyz" });
  t.match(delivered(await logIn("alice", {}, agent)), { access_token: String });
  t.match(delivered(await agent.open(url({ prompt: "none" }))), { access_token: String }, "no page was shown");
  t.match(delivered(await agent.open(url({ max_age: "3600" }))), { access_token: String });
  const page = await agent.open(url({ prompt: "login" }));
  t.match(page.text, 'name="login"', "the user is asked again");
  const done = await agent.submit(page, { login: "alice", password: "x" });
  t.match(delivered(done.text === "" ? done : await agent.submit(done)), { access_token: String });
});
