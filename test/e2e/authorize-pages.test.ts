import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import type { BrowserContext, Page } from "playwright-core";
import t, { type Test } from "../support/tap.js";
import { chromium } from "../support/browser.js";
import { approvingUpstream, listen, openIdSettings } from "../support/openid.js";
import { complaintsOf, onScreens, tabThrough } from "../support/screens.js";
import { serve } from "../support/serve.js";
import { PKCE } from "../support/login.js";
import { at } from "./support.js";

/** The application: what reached it. It is another site than the service, which is at localhost. */
const arrived: URLSearchParams[] = [];
const application = createServer((request, response) => void text(request).then((body) => {
  const { pathname, search } = new URL(request.url ?? "", "http://localhost");
  if (pathname === "/callback") arrived.push(new URLSearchParams(request.method === "POST" ? body : search));
  response.writeHead(200, { "content-type": "text/html" }).end("<title>the application</title>");
}));
const HOST = `127.0.0.1:${await listen(t, application)}`;
const CALLBACK = `http://${HOST}/callback`;
const answers = (): Record<string, string>[] => arrived.splice(0).map((one) => Object.fromEntries(one));

const browser = await chromium(t);
const server = browser && await serve(t, {
  ...openIdSettings("fast", await approvingUpstream(t)), AUTHFLOW_OIDC_PROVIDERS: "fast",
  GOOGLE_CLIENT_ID: "id", GOOGLE_CLIENT_SECRET: "secret",
  AUTHFLOW_REGISTRATION: "open", AUTHFLOW_TRUST_PROXY: "loopback",
  AUTHFLOW_SELF_REGISTERED_SCOPES: "orders:read", AUTHFLOW_SELF_REGISTERED_AUDIENCES: "https://mcp.example/",
});

/** A client that anybody registered, from elsewhere. Resolves to its id. */
async function selfRegistered(name: string, more: object = {}): Promise<string> {
  const metadata = { client_name: name, redirect_uris: [CALLBACK], token_endpoint_auth_method: "none", ...more };
  const headers = { "x-forwarded-for": "203.0.113.9" };
  const { body } = await at(server?.url as string).ask("POST", "/clients", headers, metadata);
  return body.client_id as string;
}

const path = (client_id: string, more: Record<string, string> = {}): string =>
  `/authorize?${new URLSearchParams({
    client_id, redirect_uri: CALLBACK, state: "a b", scope: "openid", ...PKCE, ...more,
  }).toString()}`;

async function newContext(t: Test, options = {}): Promise<BrowserContext> {
  const context = await (browser as NonNullable<typeof browser>).newContext(options);
  t.teardown(() => context.close());
  context.setDefaultTimeout(20_000);
  return context;
}

/** The page at a path, in a context of its own. */
async function open(t: Test, to: string, options = {}): Promise<{ page: Page; complaints: string[]; status: number }> {
  const page = await (await newContext(t, options)).newPage();
  const complaints = complaintsOf(page);
  const response = await page.goto((server?.url as string) + to);
  return { page, complaints, status: response?.status() ?? 0 };
}

const said = (page: Page): Promise<string> => page.locator("main").innerText();

await t.test("the chooser keeps the request", async (t) => {
  if (server === undefined) return;
  const id = await selfRegistered("Acme <b>Shop</b>");
  const { page, complaints, status } = await open(t, path(id));
  t.equal(status, 200);
  await onScreens(t, page, "authorize-chooser", async (t) => {
    t.match(await said(page), /^Log in to Acme <b>Shop<\/b>\s.*Log in with Fast.*Back to Acme/s);
    t.strictSame(complaints, []);
  });
  t.match(await tabThrough(t, page, 3), [/Log in with Google$/, /Log in with Fast$/, /^Back to Acme <b>Shop<\/b>$/]);
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/callback\?/);
  t.match(answers(), [{ error: "access_denied", state: "a b", iss: server.url }]);
  await page.goto(server.url + path(id));
  await tabThrough(t, page, 2);
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/authorize\/consent/);
  t.match(await said(page), /Allow Acme/);
});

await t.test("the chooser answers in the way that the application asked for", async (t) => {
  if (server === undefined) return;
  const id = await selfRegistered("Acme");
  for (const javaScriptEnabled of [true, false]) {
    const { page, complaints } = await open(t, path(id, { response_mode: "form_post" }), { javaScriptEnabled });
    if (javaScriptEnabled) await onScreens(t, page, "authorize-chooser-form-post");
    await tabThrough(t, page, 3);
    await page.keyboard.press("Enter");
    await page.waitForURL(CALLBACK);
    t.match(answers(), [{ error: "access_denied", state: "a b", iss: server.url }]);
    t.strictSame(complaints, []);
  }
});

const LONG = `${"Wonderful ".repeat(6)}${"x".repeat(40)}`;
const CONSENTS: [name: string, client: string, redirect_uri: string, destination: string, scope: string][] = [
  ["web", "Acme <b>Shop</b>", "https://shop.example/callback", "shop.example",
    "openid profile email offline_access orders:read"],
  ["loopback", "acme-cli", "http://127.0.0.1:4711/callback", "a program on this device (127.0.0.1:4711)",
    "email address phone"],
  ["private-use", "Acme for phones", "com.example.app:/callback", "an app on this device (com.example.app)", ""],
  ["long", LONG, `https://${"long-label.".repeat(12)}example/callback`, `${"long-label.".repeat(12)}example`,
    "openid profile"],
  ["right-to-left", "חנות הספרים (2)", "https://xn--8dbbxcl.example/callback", "xn--8dbbxcl.example", "openid"],
];

for (const [name, client, redirect_uri, destination, scope] of CONSENTS) {
  await t.test(`consent: ${name}`, async (t) => {
    if (server === undefined) return;
    const id = await selfRegistered(client, { redirect_uris: [redirect_uri] });
    const query = { redirect_uri, scope, provider: "fast", resource: "https://mcp.example/" };
    const { page, complaints, status } = await open(t, path(id, query));
    t.equal(status, 200);
    await onScreens(t, page, `consent-${name}`, async (t) => {
      t.equal(await page.locator("h1").innerText(), `Allow ${client}?`);
      t.equal(await page.locator("dd").first().innerText(), destination);
      t.equal(await page.locator("ul.plain li").first().innerText(), "know which account is yours");
      t.match(await page.locator("ul.plain li").last().innerText(), /https:\/\/mcp\.example\//);
      t.strictSame(complaints, []);
    });
  });
}

await t.test("who has only a keyboard refuses, and allows", async (t) => {
  if (server === undefined) return;
  const { page } = await open(t, path(await selfRegistered("Acme"), { provider: "fast" }));
  const question = page.url();
  t.match(await tabThrough(t, page, 3), ["Allow", "Do not allow", "Use another account"]);
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/authorize\?/);
  t.match(await tabThrough(t, page, 3), [/with Google$/, /with Fast$/, "Back to Acme"], "at whichever provider");
  for (const [stops, answer] of [[2, { error: "access_denied" }], [1, { code: String }]] as const) {
    await page.goto(question);
    t.match(await tabThrough(t, page, stops), ["Allow", "Do not allow"].slice(0, stops));
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/callback\?/);
    t.match(answers(), [{ ...answer, state: "a b", iss: server.url }]);
  }
});

await t.test("an answer by form_post is sent at once, and by its button without scripts", async (t) => {
  if (server === undefined) return;
  const answer = { code: String, state: "a b", iss: server.url };
  const request = path(await selfRegistered("Acme"), { response_mode: "form_post", provider: "fast" });
  const { page, complaints } = await open(t, request);
  await page.getByRole("button", { name: "Allow", exact: true }).click();
  await page.waitForURL(CALLBACK);
  await page.goto("about:blank");
  await page.goto(server.url + request).catch(() => undefined); // the form's own navigation interrupts it
  await page.waitForURL(CALLBACK);
  t.match(answers(), [answer, answer]);
  t.strictSame(complaints, []);

  const { page: still } = await open(t, request, { javaScriptEnabled: false });
  t.match(await said(still), new RegExp(`^Back to the application\\s.*${HOST}`, "s"));
  t.match(await tabThrough(t, still, 1), [/^Continue to the application$/]);
  await still.keyboard.press("Enter");
  await still.waitForURL(CALLBACK);
  t.match(answers(), [answer]);

  // axe needs scripts: the application is away instead.
  const away = await (await newContext(t)).newPage();
  await away.route(CALLBACK, (route) => route.abort("aborted"));
  await away.goto(server.url + request).catch(() => undefined);
  await away.getByRole("button").waitFor();
  await onScreens(t, away, "form-post");
});

await t.test("errors that stay here", async (t) => {
  if (server === undefined) return;
  const id = await selfRegistered("Acme");
  const { page } = await open(t, path(id, { provider: "fast" }));
  const { pathname, search } = new URL(page.url());
  const ERRORS: [name: string, path: string, status: number, heading: RegExp, text: RegExp][] = [
    ["no-client", "/authorize", 400, /This link does not work/, /client_id is missing.*Go back to the application/s],
    ["bad-redirect", path(id, { redirect_uri: "https://evil.example/" }), 400, /This link does not work/,
      /redirect_uri is not registered/],
    ["question-over", "/authorize/consent?request=other", 410, /can't be finished/, /This question is over/],
    ["other-browser", pathname + search, 403, /can't be finished/, /for another login.*Start again\s+Back to Acme/s],
  ];
  for (const [name, to, status, heading, words] of ERRORS) {
    await t.test(name, async (t) => {
      const { page, complaints, status: found } = await open(t, to);
      t.equal(found, status);
      await onScreens(t, page, `authorize-${name}`, async (t) => {
        t.match(await page.locator("main h1").innerText(), heading);
        t.match(await said(page), words);
        t.match(await page.locator("footer").innerText(), /^Request [0-9a-f-]{36}$/);
        t.strictSame(complaints, []);
      });
    });
  }
});
