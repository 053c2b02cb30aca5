import { cpSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import type { Test } from "tap";
import t from "../support/tap.js";
import { decode } from "../support/app.js";
import { CHALLENGE, VERIFIER } from "../support/login.js";
import { cancelAt, forgetAtProvider, listen, logInAs } from "../support/openid.js";
import { until } from "../e2e/support.js";
import { freePort } from "../support/ports.js";
import { binary, missing, temporaryFolder } from "../support/services.js";
import { type Certificates, certificates } from "../support/certificates.js";
import { UserAgent } from "../support/user-agent.js";
import { apache, AUTHFLOW, authflow, EXAMPLES, replaced, run, withTls } from "./connect.js";
import { execute, goBuild, type Installable, installed, pip } from "./installed.js";

type Json = Record<string, unknown>;
const server = await authflow(t);
const ALICE = { sub: "corp|alice", name: "The alice", email: "alice@example.com" };
/** Seconds: shorter than the time before its end at which every client renews a token. */
const SHORT = { max_ttl: 5 };
const folder = (name: string): string => join(EXAMPLES, name);
const json = ({ text }: { text: string }): Json => {
  try { return JSON.parse(text) as Json; } catch { throw new Error(`no JSON: ${text}`); }
};

/** What stands behind a proxy: it answers with the headers that it got. */
const behind = `http://localhost:${await listen(t, createServer(({ headers }, response) => {
  response.setHeader("content-type", "application/json").end(JSON.stringify(headers));
}))}`;

async function ofExample(t: Test, name: string, installable: Installable) {
  const command = await installed(t, name, folder(name), installable);
  const [port, apiPort] = [await freePort(), await freePort()];
  return command && { command, port, origin: `http://localhost:${port}`, apiPort };
}

/** Somebody logs in, the application calls its API, again with a new token, and no more after the session ended. */
async function usesTheApi(t: Test, origin: string, start = `${origin}/login`): Promise<void> {
  const agent = new UserAgent();
  t.match(json(await logInAs(agent, "alice", start)), ALICE);
  const first = json(await agent.open(`${origin}/orders`));
  t.match(first, { orders_of: ALICE.sub });
  const second = json(await agent.open(`${origin}/orders`));
  t.match(second, { orders_of: ALICE.sub });
  t.not(first.token, second.token, "the access token was refreshed");
  await server.revoke({ sub: ALICE.sub });
  forgetAtProvider(agent);
  t.match((await agent.open(`${origin}/orders`)).text, /name="login"/, "a logout ends it: it asks for a login again");
}

/** The application's own logout ends Authflow's session too. Who goes back from a login is told so. */
async function logsOut(t: Test, origin: string): Promise<void> {
  const agent = new UserAgent();
  t.match(json(await logInAs(agent, "carol", `${origin}/login`)), { sub: "corp|carol" });
  t.match((await agent.open(`${origin}/logout`, { method: "POST" })).text, /logged out/);
  forgetAtProvider(agent);
  const loginPage = await agent.open(`${origin}/`);
  t.match(loginPage.text, /name="login"/, "the next login needs a page");
  const refused = await cancelAt(agent, loginPage);
  t.equal(refused.status, 403);
  t.match(refused.text, /access_denied/);
  t.equal((await agent.open(`${origin}/callback?code=old&state=old`)).status < 500, true, "an old address");
}

await t.test("Authlib in FastAPI, an API with PyJWT and a service with Authlib", async (t) => {
  const example = await ofExample(t, "fastapi", { ...pip, command: (_from, to, python) => [python, to] });
  if (example === undefined) return;
  const { command: [python, PYTHONPATH = ""], port, origin, apiPort } = example;
  const client = await server.register(origin, `http://localhost:${apiPort}/orders`, SHORT);
  const env = { ...client, PYTHONPATH };
  const uvicorn = (name: string, port: number) =>
    run(t, name, [python, "-m", "uvicorn", `${name}:app`, "--port", String(port), "--log-level", "warning"], port, env,
      folder("fastapi"));
  await Promise.all([uvicorn("app", port), uvicorn("api", apiPort)]);
  await usesTheApi(t, origin);
  await logsOut(t, origin);
  const { stdout } = await execute(python, ["service.py"], { cwd: folder("fastapi"), env });
  t.match(json({ text: stdout }), { orders_of: client.AUTHFLOW_CLIENT_ID, scope: "orders:read" });
  const refused = await fetch(client.API_URL as string, { headers: { authorization: "Bearer x.y.z" } });
  t.equal(refused.status, 401);
});

await t.test("go-oidc and golang.org/x/oauth2", async (t) => {
  const example = await ofExample(t, "go", { ...goBuild, command: (_from, to) => [join(to, "main")] });
  if (example === undefined) return;
  const { command, port, origin } = example;
  const client = await server.register(origin, `${origin}/api/orders`, SHORT);
  await run(t, "the Go program", command, port, { ...client, LISTEN: `localhost:${port}` });
  await usesTheApi(t, origin);
  await logsOut(t, origin);
  t.match(json(await new UserAgent().open(`${origin}/report`)),
    { orders_of: client.AUTHFLOW_CLIENT_ID, scope: "orders:read" });
  t.equal((await fetch(`${origin}/api/orders`, { headers: { authorization: "Bearer x.y.z" } })).status, 401);
});

/** As if the time passed after which the middleware asks again. */
const EXPIRE_SESSIONS = `
import django
django.setup()
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
for key in Session.objects.values_list("pk", flat=True):
    session = SessionStore(key)
    session["oidc_id_token_expiration"] = 0
    session.save()
`;
await t.test("mozilla-django-oidc", async (t) => {
  const example = await ofExample(t, "django", { ...pip, command: (_from, to, python) => [python, to] });
  if (example === undefined) return;
  const { command: [python, PYTHONPATH = ""], port, origin } = example;
  const env = {
    ...await server.register(origin, origin), PYTHONPATH, DJANGO_SETTINGS_MODULE: "shop.settings",
    DJANGO_SECRET_KEY: "a-secret-of-the-tests", DATA_DIR: temporaryFolder(t),
  };
  const django = (...args: string[]): [string, ...string[]] => [python, "-m", "django", ...args];
  const [program, ...args] = django("migrate", "--verbosity=0");
  await execute(program, args, { cwd: folder("django"), env });
  await run(t, "Django", django("runserver", "--noreload", "--skip-checks", String(port)), port, env, folder("django"));
  const agent = new UserAgent();
  t.match(json(await logInAs(agent, "alice", origin)), ALICE);
  const expireSessions = (): Promise<unknown> =>
    execute(python, ["-c", EXPIRE_SESSIONS], { cwd: folder("django"), env });
  await expireSessions();
  t.match((await agent.once(new URL(origin))).headers.get("location"), "prompt=none");
  t.match(json(await agent.open(origin)), ALICE, "it asks Authflow again, without a page");
  await server.revoke({ sub: ALICE.sub });
  forgetAtProvider(agent);
  await expireSessions();
  t.match((await agent.open(origin)).text, "You are not logged in", "a logout ends it");
  const loginPage = await agent.open(origin);
  t.match(loginPage.text, /name="login"/);
  t.match((await cancelAt(agent, loginPage)).text, "You are not logged in", "no other login begins by itself");

  t.match(json(await logInAs(agent, "bob", origin)), { sub: "corp|bob" });
  t.match((await agent.open(`${origin}/oidc/logout/`, { method: "POST" })).text, "You are not logged in");
  forgetAtProvider(agent);
  t.match((await agent.open(origin)).text, /name="login"/, "its own logout ends Authflow's session too");
});

await t.test("mod_auth_openidc as relying party", async (t) => {
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const client = await server.register(origin, origin, SHORT);
  const log = await apache(t, "relying-party", behind,
    { [AUTHFLOW]: server.url, "https://shop.example.com": origin }, client, port);
  if (log === undefined) return;
  const agent = new UserAgent();
  const first = json(await logInAs(agent, "alice", `${origin}/any`));
  t.match(first, { oidc_claim_sub: ALICE.sub, oidc_claim_email: ALICE.email, oidc_claim_name: ALICE.name }, log());
  const second = json(await agent.open(`${origin}/other`, { headers: { OIDC_CLAIM_sub: "mallory" } }));
  t.match(second, { oidc_claim_sub: ALICE.sub }, "a browser's own header is not believed");
  t.not(first.oidc_access_token, second.oidc_access_token, "the access token was refreshed");
  await server.revoke({ sub: ALICE.sub });
  forgetAtProvider(agent);
  t.match((await agent.open(`${origin}/other`)).text, "Logged Out");
  t.match((await agent.open(`${origin}/other`)).text, /name="login"/, "a logout ends it: it asks for a login again");
});

await t.test("OmniAuth with omniauth_openid_connect, as in Rails", async (t) => {
  const rack: Installable = {
    // Debian's packages of the gems.
    tools: [["ruby", "-e", "require 'omniauth_openid_connect'; require 'webrick'"]],
    command: (from) => ["rackup", "--server", "webrick", "--host", "localhost", join(from, "config.ru")],
  };
  const example = await ofExample(t, "rails", rack);
  if (example === undefined) return;
  const { command, port, origin } = example;
  await run(t, "rackup", [...command, "--port", String(port)], port, await server.register(origin, origin));
  const agent = new UserAgent();
  const loginPage = await agent.submit(await agent.open(`${origin}/login`));
  t.match(loginPage.text, /name="login"/);
  const consentPage = await agent.submit(loginPage, { login: "alice", password: "any" });
  t.match(json(await agent.submit(consentPage)), ALICE);
});

// Its packages can't be had where the tests run: these are the requests of its handler, with its own parameters.
await t.test("the requests that ASP.NET Core sends", async (t) => {
  const redirect_uri = "http://localhost:1/callback";
  const client = await server.register("http://localhost:1", "https://api.example");
  const post = async (path: string, form: Record<string, string>): Promise<Json> => {
    const credentials = {
      client_id: client.AUTHFLOW_CLIENT_ID as string, client_secret: client.AUTHFLOW_CLIENT_SECRET as string,
    };
    const body = new URLSearchParams({ ...form, ...credentials });
    return await (await fetch(server.url + path, { method: "POST", body })).json() as Json;
  };
  const pushed = await post("/par", {
    redirect_uri, response_type: "code", response_mode: "form_post", scope: "openid profile email offline_access",
    code_challenge: CHALLENGE, code_challenge_method: "S256", state: "CfDJ8", nonce: "6389.ZmY",
    "x-client-SKU": "ID_NET9_0", "x-client-ver": "8.0.1.0",
  });
  t.type(pushed.request_uri, "string", "the request is pushed");
  const query = new URLSearchParams({
    client_id: client.AUTHFLOW_CLIENT_ID as string, request_uri: String(pushed.request_uri),
  });
  const page = await logInAs(new UserAgent(), "alice", `${server.url}/authorize?${query.toString()}`);
  t.match(page.text, `action="${redirect_uri}"`, "the answer is a form");
  const code = /name="code" value="([^"]+)"/.exec(page.text)?.[1] ?? "";
  const tokens = await post("/token",
    { grant_type: "authorization_code", code, redirect_uri, code_verifier: VERIFIER });
  t.match(decode(tokens.id_token as string), { sub: ALICE.sub, nonce: "6389.ZmY" });
});

const ALL = process.env.AUTHFLOW_CONNECT === "all";
await t.test("Spring Security", { skip: !ALL && "AUTHFLOW_CONNECT=all runs it" }, async (t) => {
  const example = await ofExample(t, "spring", {
    tools: [["mvn", "--version"]], sources: ["Shop.java", "application.yml", "pom.xml"],
    async install(from, to) {
      cpSync(from, to, { recursive: true });
      await execute("mvn", ["--batch-mode", "--quiet", "package"], { cwd: to });
    },
    command: (_from, to) => ["java", "-jar", join(to, "target/shop-0.jar")],
  });
  if (example === undefined) return;
  const { command, port, origin } = example;
  const client = await server.register(origin, `${origin}/api/orders`, SHORT);
  await run(t, "Spring Boot", command, port, { ...client, SERVER_PORT: String(port) });
  await usesTheApi(t, origin, `${origin}/`);
  t.equal((await fetch(`${origin}/api/orders`, { headers: { authorization: "Bearer x.y.z" } })).status, 401);
  t.match((await cancelAt(new UserAgent(), `${origin}/`)).text, "You are not logged in");
  const agent = new UserAgent();
  await logInAs(agent, "bob", `${origin}/`);
  t.match(json(await agent.open(`${origin}/report`)),
    { orders_of: client.AUTHFLOW_CLIENT_ID, scope: "orders:read" }, "a token of the service's own");
});

await t.test("oauth2-proxy with nginx", { skip: !ALL && "AUTHFLOW_CONNECT=all runs it" }, async (t) => {
  const [program, nginx] = [binary("oauth2-proxy"), binary("nginx") ?? binary("../sbin/nginx")];
  if (program === undefined || nginx === undefined) return missing(t, "oauth2-proxy and nginx on the PATH");
  const [port, proxyPort, at] = [await freePort(), await freePort(), temporaryFolder(t)];
  const origin = `http://localhost:${port}`;
  const client = await server.register(origin, origin);
  const file = (name: string, text: string): string => {
    writeFileSync(join(at, name), text);
    return join(at, name);
  };
  const configuration = replaced("oauth2-proxy/oauth2-proxy.cfg", {
    [AUTHFLOW]: server.url, "https://shop.example.com": origin, "127.0.0.1:4180": `127.0.0.1:${proxyPort}`,
    '"5m"': '"1ms"',
  });
  await run(t, "oauth2-proxy", [program, "--config", file("oauth2-proxy.cfg", configuration),
    "--cookie-secure=false"], proxyPort, {
    OAUTH2_PROXY_CLIENT_ID: client.AUTHFLOW_CLIENT_ID as string,
    OAUTH2_PROXY_CLIENT_SECRET: client.AUTHFLOW_CLIENT_SECRET as string,
    OAUTH2_PROXY_COOKIE_SECRET: "0123456789abcdef0123456789abcdef",
  });
  const location = replaced("oauth2-proxy/nginx.conf", {
    "127.0.0.1:4180": `127.0.0.1:${proxyPort}`, "http://127.0.0.1:3000": behind,
  });
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${at}/${name};`).join(" ");
  await run(t, "nginx", [nginx, "-c", file("nginx.conf", `daemon off; master_process off; pid ${at}/pid;
    error_log ${at}/log; events {}
    http { access_log off; ${temporary} server { listen 127.0.0.1:${port}; ${location} } }`)], port, {});
  const agent = new UserAgent();
  const page = await logInAs(agent, "alice", `${origin}/any?x=1&y=2`);
  t.match(json(page), { "x-user": ALICE.sub, "x-email": ALICE.email });
  t.equal(page.url.href, `${origin}/any?x=1&y=2`);
  t.match(json(await agent.open(`${origin}/other`)), { "x-user": ALICE.sub });
  await server.revoke({ sub: ALICE.sub });
  forgetAtProvider(agent);
  // It counts whole seconds.
  await until("a logout ends it", async () => /name="login"/.test((await agent.open(`${origin}/other`)).text));
});

const files = certificates(t);
for (const example of files === undefined ? [] : ["resource-server", "introspection"]) {
  await t.test(`mod_auth_openidc as resource server: ${example}`, async (t) => {
    const port = await freePort();
    const origin = `http://localhost:${port}`;
    const client = await server.register(origin, origin);
    const { ca, url } = await withTls(t, server.url, files as Certificates);
    // It calls https addresses only; who issued a token is another matter.
    const log = await apache(t, example, behind, {
      ...(example === "resource-server" && { [`iss:${AUTHFLOW}`]: `iss:${server.url}` }),
      [AUTHFLOW]: url, "https://api.example.com": origin,
    }, client, port, [`OIDCCABundlePath ${ca}`]);
    if (log === undefined) return;
    const call = (token: string) => fetch(origin, { headers: { authorization: `Bearer ${token}` } });
    const good = await server.tokenOf(client, origin);
    const accepted = await call(good);
    t.equal(accepted.status, 200, log());
    t.match(await accepted.json(), { oidc_claim_sub: client.AUTHFLOW_CLIENT_ID });
    t.equal((await call(await server.tokenOf(client, "https://other.example"))).status, 401, "for another service");
    t.equal((await call(`${good.slice(0, -20)}AAAAAAAAAAAAAAAAAAAA`)).status, 401, "of another key");
    t.equal((await fetch(origin)).status, 401);
    await server.revoke({ client_id: client.AUTHFLOW_CLIENT_ID as string });
    t.equal((await call(good)).status, example === "introspection" ? 401 : 200, "after a logout");
  });
}
