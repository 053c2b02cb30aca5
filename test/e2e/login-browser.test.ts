import { createServer } from "node:http";
import { decodeJwt } from "jose";
import type { BrowserContext, Page } from "playwright-core";
import t, { type Test } from "../support/tap.js";
import { basic } from "../support/app.js";
import { chromium } from "../support/browser.js";
import { PKCE, VERIFIER } from "../support/login.js";
import { answerAt, approvingUpstream, listen, openIdSettings, openIdUpstream } from "../support/openid.js";
import { type Proxy, reverseProxy } from "../support/proxy.js";
import { serve } from "../support/serve.js";
import { postgres, redis, sqlite } from "../support/services.js";
import { at, type Credentials } from "./support.js";

const browser = await chromium(t);

/** The application's page: it says nothing, so that the test reads its address. In a popup it tells it its opener. */
const APPLICATION = `<!doctype html><title>application</title><script>
if (window.opener) window.opener.postMessage(location.href, location.origin);
</script>`;

/** Where the application lives. */
async function application(t: Test): Promise<string> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "text/html" }).end(APPLICATION);
  });
  return `http://localhost:${await listen(t, server)}/callback`;
}

async function logIn(page: Page, url: string, user: string): Promise<URL> {
  await page.goto(url);
  return goOn(page, user);
}

/** Answers whatever the provider asks, until the browser is back at the application. */
async function goOn(page: Page, user: string): Promise<URL> {
  while (!/\/callback[?#]/.test(page.url())) {
    const login = page.locator("input[name=login]");
    if (await login.count() > 0) {
      await login.fill(user);
      await page.locator("input[name=password]").fill("any");
    }
    await page.locator("button[type=submit]").click();
    await page.waitForLoadState();
  }
  return new URL(page.url());
}
const fragment = (url: URL): Record<string, string> => Object.fromEntries(new URLSearchParams(url.hash.slice(1)));

/** All of it, with Authflow behind `proxy`, whose replicas run with `env`. */
async function suite(t: Test, proxy: Proxy, env: Record<string, string>, replicas: number): Promise<void> {
  if (browser === undefined) return;
  const [redirect_uri, callbacks] = [await application(t), [`${proxy.origin}/auth/corp/callback`]];
  const { settings } = await openIdUpstream(t, { callbacks });
  const fast = openIdSettings("fast", await approvingUpstream(t));
  const down = openIdSettings("down", "http://localhost:1");
  const all = {
    ...fast, ...down, ...settings, ...env, AUTHFLOW_OIDC_PROVIDERS: "corp,fast,down", AUTHFLOW_PUBLIC_URL: proxy.origin,
  };
  const servers = await Promise.all(Array.from({ length: replicas }, () => serve(t, all)));
  proxy.targets = servers.map(({ url }) => url);
  const service = at(servers[0]?.url as string);
  const register = async (more: object) =>
    (await service.ask("POST", "/clients", {}, { name: "app", redirect_uri, ...more })).body as object as Credentials;
  const [client, spa] = [await register({}), await register({ token_endpoint_auth_method: "none" })];
  const url = (client_id: string, more: Record<string, string> = {}, provider = "corp") => {
    const query = new URLSearchParams({ client_id, redirect_uri, state: "xyz", ...more });
    return `${proxy.origin}/auth/${provider}?${query.toString()}`;
  };
  const context = async (t: Test): Promise<BrowserContext> => {
    const made = await browser.newContext({ ignoreHTTPSErrors: true });
    t.teardown(() => made.close());
    return made;
  };

  await t.test("a person logs in, and the token works until the logout", async (t) => {
    const page = await newPage(await context(t));
    const { access_token: token = "", state } = fragment(await logIn(page, url(client.client_id), "alice"));
    t.equal(state, "xyz");
    t.match(decodeJwt(token), {
      sub: "corp|alice", email: "alice@example.com", email_verified: true, client_id: client.client_id,
    });
    t.match(await service.verify(token), { payload: { sub: "corp|alice" } });
    t.equal((await service.userinfo(token)).status, 200);
    t.equal((await service.logout(token)).status, 200);
    t.equal((await service.userinfo(token)).status, 401);
    const left = (await page.context().cookies()).filter(({ name }) => name.includes("authflow-login"));
    t.ok(left.every(({ expires }) => expires <= Date.now() / 1000 + 60), "its cookie goes within a minute");
  });

  await t.test("start and callback need not meet the same replica", async (t) => {
    const page = await newPage(await context(t));
    const before = proxy.seen.length;
    await logIn(page, url(client.client_id), "alice");
    const [start, end] = proxy.seen.slice(before).filter((line) => line.includes("/auth/corp"));
    t.match([start, end], [/GET \/auth\/corp$/, /GET \/auth\/corp\/callback$/]);
    const met = new Set([start, end].map((line) => line?.split(" ")[0]));
    t.equal(met.size, replicas === 1 ? 1 : 2);
  });

  await t.test("a page of its own gets a code and exchanges it, from the browser", async (t) => {
    const page = await newPage(await context(t));
    const arrived = await logIn(page, url(spa.client_id, PKCE), "bob");
    const form = {
      grant_type: "authorization_code", code: arrived.searchParams.get("code") ?? "", redirect_uri,
      client_id: spa.client_id, code_verifier: VERIFIER,
    };
    const exchange = () => page.evaluate(async ([to, body]) => {
      const response = await fetch(to, { method: "POST", body: new URLSearchParams(body) });
      return { status: response.status, body: await response.json() as Record<string, string> };
    }, [`${proxy.origin}/token`, form] as const);
    const first = await exchange();
    t.match(first, { status: 200, body: { token_type: "Bearer" } });
    t.match(decodeJwt(first.body.access_token as string), { sub: "corp|bob", client_id: spa.client_id });
    t.match(await exchange(), { status: 400, body: { error: "invalid_grant" } });
    t.equal((await service.userinfo(first.body.access_token as string)).status, 401, "the replay revoked it");
  });

  await t.test("tabs, providers and clients at once in one browser do not disturb one another", async (t) => {
    const tabs = await context(t);
    const wanted = [
      { client_id: client.client_id, provider: "corp", state: "one", more: {} },
      { client_id: spa.client_id, provider: "corp", state: "two", more: PKCE },
      { client_id: client.client_id, provider: "fast", state: "three", more: {} },
    ];
    const pages = await Promise.all(wanted.map(() => newPage(tabs)));
    // All have begun, and wait at their providers' login pages, before the first one ends.
    await Promise.all(pages.map((page, i) => {
      const { client_id, provider, state, more } = wanted[i] as (typeof wanted)[number];
      return page.goto(url(client_id, { state, ...more }, provider));
    }));
    for (const [i, page] of pages.entries()) {
      const { client_id, provider, state } = wanted[i] as (typeof wanted)[number];
      await page.bringToFront(); // as a person does; Chromium hardly draws the others
      const arrived = await goOn(page, "carol");
      const found = i === 1 ? Object.fromEntries(arrived.searchParams) : fragment(arrived);
      t.match(found, { state, ...(i === 1 ? { code: String } : { access_token: String }) });
      if (found.access_token !== undefined)
        t.match(decodeJwt(found.access_token), { client_id, sub: provider === "corp" ? "corp|carol" : /^fast\|/ });
    }
  });

  await t.test("a user who cancels comes back with an error", async (t) => {
    const page = await newPage(await context(t));
    await page.goto(url(client.client_id));
    await page.locator("a", { hasText: "Cancel" }).click();
    await page.waitForURL(/\/callback[?#]/);
    t.match(fragment(new URL(page.url())), { error: "access_denied", state: "xyz" });
  });

  await t.test("the provider's answer once more ends where the first one did, and nowhere for others", async (t) => {
    const page = await newPage(await context(t));
    const answers: string[] = [];
    page.on("request", (request) => {
      if (request.url().includes("/auth/corp/callback")) answers.push(request.url());
    });
    const arrived = await logIn(page, url(client.client_id), "dora");
    await page.goto("about:blank");
    await page.goto(answers[0] as string);
    t.equal(page.url(), arrived.href);
    const stranger = await newPage(await context(t));
    t.equal((await stranger.goto(answers[0] as string))?.status(), 410);
    t.match(await stranger.locator("main").innerText(), /This login is over/);
  });

  await t.test("a popup's answer reaches the page that opened it", async (t) => {
    const page = await newPage(await context(t));
    await page.goto(redirect_uri);
    const answer = await page.evaluate((to) => new Promise<string>((resolve) => {
      window.addEventListener("message", ({ data }) => { resolve(data as string); });
      window.open(to, "login", "popup");
    }), url(client.client_id, {}, "fast"));
    t.match(fragment(new URL(answer)), { access_token: String, state: "xyz" });
  });

  await t.test("a fragment that was planted before a login for a code does not reach the application", async (t) => {
    const page = await newPage(await context(t));
    for (const fast of [url(spa.client_id, PKCE, "fast"), url(spa.client_id, { response_type: "code" }, "fast")]) {
      await page.goto(`${fast}#access_token=planted`);
      t.match(page.url(), /\/callback\?(code|error)=[^#]*#$/);
    }
  });

  await t.test("an answer that a page of another site posts as a form (form_post) finishes the login", async (t) => {
    const browsing = await context(t);
    const begun = await browsing.request.get(url(client.client_id), { maxRedirects: 0 });
    const answer = await answerAt(begun.headers().location as string, "erin");
    const inputs = [...answer.searchParams]
      .map(([name, value]) => `<input type="hidden" name="${name}" value="${value}">`);
    const action = answer.origin + answer.pathname;
    const form = `<form method="post" action="${action}">${inputs.join("")}<button>go on</button></form>`;
    const elsewhere = createServer((_request, response) => {
      response.writeHead(200, { "content-type": "text/html" }).end(form);
    });
    const page = await newPage(browsing);
    await page.goto(`http://127.0.0.1:${await listen(t, elsewhere)}/`); // another site than localhost
    await page.locator("button").click();
    await page.waitForURL(/\/callback#/);
    t.match(decodeJwt(fragment(new URL(page.url())).access_token as string), { sub: "corp|erin" });
  });

  await t.test("one login serves two applications, and one logout ends it for both", async (t) => {
    const other = await register({});
    const scope = "openid offline_access";
    const ask = (page: Page, { client_id }: Pick<Credentials, "client_id">, more = {}) => page.goto(
      `${proxy.origin}/authorize?${new URLSearchParams({
        client_id, redirect_uri, response_type: "code", scope, state: "xyz", ...more,
      }).toString()}`);
    const token = async (form: Record<string, string>, client: Credentials) => {
      const response = await fetch(`${servers[0]?.url}/token`, {
        method: "POST", headers: basic(client), body: new URLSearchParams(form),
      });
      return { status: response.status, body: await response.json() as Record<string, string> };
    };
    const redeem = (page: Page, client: Credentials) => token({
      grant_type: "authorization_code", redirect_uri, code: new URL(page.url()).searchParams.get("code") ?? "",
    }, client);
    const page = await newPage(await context(t));
    await ask(page, client, { provider: "corp" });
    await goOn(page, "frank");
    const { body: first } = await redeem(page, client);
    await ask(page, other);
    t.match(page.url(), /\/callback\?code=/, "the second one asks nothing");
    const { body: second } = await redeem(page, other);
    const [sid, same] = [first, second].map(({ access_token = "" }) => decodeJwt(access_token).sid);
    t.ok(sid);
    t.equal(same, sid);
    const userinfo = () => Promise.all(servers.map(async ({ url }) =>
      (await at(url).userinfo(second.access_token as string)).status));
    t.ok((await userinfo()).every((status) => status === 200));

    const headers = { authorization: `Bearer ${first.access_token}` };
    t.match(await service.ask("POST", "/logout", headers, { session: true }), { status: 200, body: { session: true } });
    // The answer to a logout says that it is in effect: nothing has to be waited for.
    t.ok((await userinfo()).every((status) => status === 401), "the other application's token is dead everywhere");
    t.match(await token({ grant_type: "refresh_token", refresh_token: second.refresh_token as string }, other),
      { status: 400, body: { error: "invalid_grant" } });
    await ask(page, other, { prompt: "none" });
    t.equal(new URL(page.url()).searchParams.get("error"), "login_required");
  });

  await t.test("an upstream that is down sends people back, and disturbs its own logins only", async (t) => {
    const page = await newPage(await context(t));
    await page.goto(url(client.client_id, {}, "down"));
    t.match(fragment(new URL(page.url())), {
      error: "temporarily_unavailable", error_description: /^Down can't be reached/, state: "xyz",
    });
    t.match(fragment(await logIn(page, url(client.client_id, {}, "fast"), "x")), { access_token: String });
  });
}

async function newPage(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  return page;
}

await t.test("in Chromium, on SQLite alone", async (t) => {
  const proxy = await reverseProxy(t);
  if (proxy !== undefined) await suite(t, proxy, { DATABASE_URL: sqlite(t) }, 1);
});

await t.test("in Chromium, behind TLS, on PostgreSQL and Redis with two replicas", async (t) => {
  const [proxy, DATABASE_URL, REDIS_URL] = [await reverseProxy(t, { tls: true }), await postgres(t), await redis(t)];
  if (proxy === undefined || DATABASE_URL === undefined || REDIS_URL === undefined) return;
  const AUTHFLOW_KEY_ENCRYPTION_KEY = Buffer.alloc(32, 3).toString("base64");
  await suite(t, proxy, { DATABASE_URL, REDIS_URL, AUTHFLOW_KEY_ENCRYPTION_KEY }, 2);
});
