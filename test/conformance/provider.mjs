import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, request as send } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import Provider from "oidc-provider";
import { freePort, startServer } from "../../bench/server.mjs";

const SERVER = fileURLToPath(new URL("../../dist/src/server.js", import.meta.url));
const UPSTREAM_CLIENT = { client_id: "authflow", client_secret: "authflow-at-its-upstream-0123456789" };
/** A word of our page for a redirect_uri that is not registered, and of the upstream's page for a login. */
const WORDS = { error: "This link does not work", login: "Sign-in" };
/** By scope, all standard claims (OpenID Connect Core §5.4): the suite warns of each that userinfo lacks. */
const USER = {
  openid: { sub: "" },
  email: { email: "foo@example.com", email_verified: true },
  phone: { phone_number: "+41 44 000 00 00", phone_number_verified: true },
  address: { address: { formatted: "1 Main Street, Zurich" } },
  profile: {
    name: "Foo Bar", given_name: "Foo", family_name: "Bar", middle_name: "X", nickname: "foo",
    preferred_username: "foo", profile: "https://example.com/foo", picture: "https://example.com/foo.png",
    website: "https://example.com", gender: "x", birthdate: "2000-01-01", zoneinfo: "Europe/Zurich", locale: "en",
    updated_at: 1_700_000_000,
  },
};

/**
 * Authflow as an OpenID provider: `https` at a port of its own, three clients for the suite, and users who log in at
 * npm oidc-provider. The suite is the application and the browser.
 */
export async function provider(_plan, { log, suite }) {
  const folder = mkdtempSync(join(tmpdir(), "authflow-conformance-"));
  const [port, publicPort] = [await freePort(), await freePort()];
  const issuer = `https://localhost:${publicPort}`;
  const front = await tlsFront(folder, publicPort, port);
  const upstream = await startUpstream(`${issuer}/auth/upstream/callback`);
  const authflow = await startServer(SERVER, {
    DATABASE_URL: `file:${join(folder, "authflow.db")}`,
    HOST: "127.0.0.1", AUTHFLOW_PUBLIC_URL: issuer, AUTHFLOW_TRUST_PROXY: "loopback",
    AUTHFLOW_OIDC_PROVIDERS: "upstream",
    AUTHFLOW_OIDC_UPSTREAM_ISSUER: upstream.issuer,
    AUTHFLOW_OIDC_UPSTREAM_SCOPE: Object.keys(USER).join(" "),
    AUTHFLOW_OIDC_UPSTREAM_CLIENT_ID: UPSTREAM_CLIENT.client_id,
    AUTHFLOW_OIDC_UPSTREAM_CLIENT_SECRET: UPSTREAM_CLIENT.client_secret,
  }, { port, log });
  const alias = `authflow-${publicPort}`; // of the plan: another run of this driver at the same suite has another one
  const redirectUri = `${suite}/test/a/${alias}/callback`;
  // The suite's second client registers the same path with a query.
  const register = (body) => registerClient(`http://127.0.0.1:${port}`, {
    redirect_uris: [redirectUri, `${redirectUri}?dummy1=lorem&dummy2=ipsum`], response_types: ["code"], ...body,
  });
  const client = await register({ name: "first" });
  return {
    configuration: {
      alias, description: "Authflow",
      server: { discoveryUrl: `${issuer}/.well-known/openid-configuration`, login_hint: "foo" },
      client, client2: await register({ name: "second" }),
      client_secret_post: await register({ name: "post" }), // by Basic or in the body: both are accepted
      ...browser(issuer, upstream.issuer),
    },
    walk: () => undefined,
    async stop() {
      await authflow.stop();
      for (const server of [front, upstream.server]) { server.closeAllConnections(); server.close(); }
      rmSync(folder, { recursive: true });
    },
  };
}

/** The suite's browser: what it does on which page. It has no cookies when a module begins. */
function browser(issuer, upstream) {
  const pages = `${upstream}/interaction*`;
  const steps = (...first) => [{
    match: `${issuer}/authorize*`,
    tasks: [
      { task: "Log in", match: pages, optional: true, commands: [
        ...first, ["text", "name", "login", "foo", "optional"], ["text", "name", "password", "bar", "optional"],
        ["click", "class", "login-submit"],
      ] },
      { task: "Consent", match: pages, optional: true, commands: [["click", "class", "login-submit"]] },
      { task: "Back at the suite", match: "*/test/*/callback*", commands: [["wait", "id", "submission_complete", 10]] },
    ],
  }];
  const page = (words, action) => ["wait", "xpath", "//*", 10, words, action];
  const errorPage = [{
    match: `${issuer}/authorize*`,
    tasks: [{ task: "Error page", match: `${issuer}/authorize*`, commands: [
      page(WORDS.error, "update-image-placeholder"),
    ] }],
  }];
  const secondLogin = steps(page(WORDS.login, "update-image-placeholder-optional"));
  return {
    browser: steps(),
    override: {
      "oidcc-prompt-login": { browser: secondLogin },
      "oidcc-max-age-1": { browser: secondLogin },
      "oidcc-ensure-registered-redirect-uri": { browser: errorPage },
      "oidcc-ensure-request-object-with-redirect-uri": { browser: errorPage },
    },
  };
}

async function registerClient(url, body) {
  const response = await fetch(`${url}/clients`, {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body),
  });
  const { client_id, client_secret, error_description } = await response.json();
  if (!response.ok) throw new Error(`POST /clients: ${response.status} ${error_description}`);
  return { client_id, client_secret };
}

/** TLS with a certificate of its own, which the suite accepts, before `target`. */
async function tlsFront(folder, port, target) {
  const [key, cert] = ["key.pem", "cert.pem"].map((name) => join(folder, name));
  execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
    "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", cert], { stdio: "ignore" });
  const server = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, (incoming, outgoing) => {
    const headers = { ...incoming.headers, "x-forwarded-proto": "https", "x-forwarded-for": "127.0.0.1" };
    const { method, url: path } = incoming;
    const upstream = send({ host: "127.0.0.1", port: target, method, path, headers, agent: false }, (answer) => {
      outgoing.writeHead(answer.statusCode, answer.rawHeaders);
      answer.pipe(outgoing);
    });
    upstream.on("error", () => outgoing.destroy());
    incoming.pipe(upstream);
  });
  await new Promise((resolve) => { server.listen(port, "localhost", resolve); });
  return server;
}

/** A real OpenID provider with plain forms for pages. Any name logs in; it says what every scope asks for. */
async function startUpstream(callback) {
  const server = createServer();
  await new Promise((resolve) => { server.listen(0, "127.0.0.1", resolve); });
  const issuer = `http://localhost:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{ ...UPSTREAM_CLIENT, redirect_uris: [callback] }],
    claims: Object.fromEntries(Object.entries(USER).map(([scope, claims]) => [scope, Object.keys(claims)])),
    findAccount: (_context, id) => ({
      accountId: id, claims: () => ({ ...Object.assign({}, ...Object.values(USER)), sub: id }),
    }),
    acrValues: ["1"],
    cookies: { keys: ["a-key"] },
    ttl: { Session: 3600, Interaction: 600, Grant: 3600 },
  });
  Object.defineProperty(provider.Session.prototype, "acr", { get: () => "1", set() {} }); // its own pages set none
  server.on("request", provider.callback());
  return { issuer, server };
}
