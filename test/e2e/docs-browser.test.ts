import { createServer, request } from "node:http";
import type { Page } from "playwright-core";
import t, { type Test } from "../support/tap.js";
import { chromium } from "../support/browser.js";
import { listen } from "../support/openid.js";
import { serve } from "../support/serve.js";
import type { Credentials } from "./support.js";

const browser = await chromium(t);
const server = browser && await serve(t);
/** Where screenshots go, for people; unset, none is taken. */
const folder = process.env.AUTHFLOW_SCREENSHOTS;

const locks = (page: Page, state: "locked" | "unlocked") =>
  page.locator(`[aria-label="authorization button ${state}"]`).count();
const operation = (page: Page, id: string) => page.locator(`[id$="-${id}"]`);

async function open(page: Page, id: string) {
  const section = operation(page, id);
  if (await section.locator(".opblock-body").count() === 0) await section.locator(".opblock-summary-control").click();
  await section.locator(".opblock-body").waitFor();
  return section;
}

/** Sends the operation as the page has filled it in, but for `body`, and returns what the page shows. */
async function tryOut(page: Page, id: string, body?: string) {
  const section = await open(page, id);
  if (body !== undefined) await section.locator("textarea.body-param__text").fill(body);
  const clear = section.locator("button.btn-clear");
  if (await clear.count() > 0) await clear.click();
  await section.locator("button.execute").click();
  const answer = section.locator(".live-responses-table tbody tr.response").first();
  await answer.waitFor();
  const status = await answer.locator(".response-col_status").innerText();
  const shown = answer.locator(".highlight-code code").first();
  const text = await shown.count() === 0 ? "{}" : await shown.innerText();
  return { status: status.trim().slice(0, 3), body: JSON.parse(text) as Record<string, unknown> };
}

/** Logs in by the page's own button. `values`: what to type, in the order of the scheme's fields. */
async function authorize(page: Page, scheme: string, values: string[]): Promise<void> {
  await page.locator(".auth-wrapper .btn.authorize").first().click();
  const form = page.locator(".auth-container", { has: page.locator("h4 code", { hasText: scheme }) });
  const logout = form.locator("button", { hasText: "Logout" });
  if (await logout.count() > 0) await logout.click();
  for (const [i, value] of values.entries()) await form.locator("input").nth(i).fill(value);
  await form.locator("button.authorize").click();
  await page.locator(".modal-ux button.btn-done").first().click();
}

/** What the page complains of; a failed call is not a complaint. */
async function visit(t: Test, url: string): Promise<{ page: Page; complaints: string[] } | undefined> {
  if (browser === undefined) return undefined;
  const page = await browser.newPage({ viewport: { width: 1280, height: 1800 } });
  t.teardown(() => page.close());
  const complaints: string[] = [];
  page.on("console", (message) => {
    const text = message.text();
    if (["error", "warning"].includes(message.type()) && !/the server responded with a status of 40[01]/.test(text))
      complaints.push(text);
  });
  page.on("pageerror", ({ message }) => { complaints.push(message); });
  page.on("requestfailed", (failed) => { complaints.push(`${failed.url()} ${failed.failure()?.errorText}`); });
  page.setDefaultTimeout(20_000);
  const response = await page.goto(url);
  t.match(response?.headers()["content-security-policy"], /default-src '(self|none)'/);
  await page.locator(".opblock").first().waitFor();
  return { page, complaints };
}

/** The URLs for which the browser opened its password dialog. */
async function passwordDialogs(page: Page): Promise<string[]> {
  const asked: string[] = [];
  const session = await page.context().newCDPSession(page);
  session.on("Fetch.requestPaused", ({ requestId }) => { void session.send("Fetch.continueRequest", { requestId }); });
  session.on("Fetch.authRequired", ({ requestId, request: { url } }) => {
    asked.push(url);
    const authChallengeResponse = { response: "CancelAuth" } as const;
    void session.send("Fetch.continueWithAuth", { requestId, authChallengeResponse });
  });
  await session.send("Fetch.enable", { handleAuthRequests: true });
  return asked;
}

await t.test("at /docs a person gets from the first step to the last", async (t) => {
  if (server === undefined) return;
  const visited = await visit(t, `${server.url}/docs`);
  if (visited === undefined) return;
  const { page, complaints } = visited;
  const dialogs = await passwordDialogs(page);
  t.equal(await page.locator(".opblock").first().getAttribute("id"), "operations-clients-registerClient");
  t.equal(await locks(page, "locked"), 0, "nobody is logged in");
  t.ok(await locks(page, "unlocked") > 10);

  t.match(await tryOut(page, "mint"), { status: "400", body: { error_description: /authenticate by HTTP Basic/ } });
  t.match(await tryOut(page, "listRevocations"), { status: "401", body: { error: "invalid_client" } });
  t.match(await tryOut(page, "registerClient"), { status: "201", body: { client_secret: String } }, "as it is");
  const asksForMore = { name: "docs", redirect_uri: "https://a.example/", permissions: ["mint", "login", "feed"] };
  const client = await tryOut(page, "registerClient", JSON.stringify(asksForMore));
  t.match(client, { status: "201", body: { client_id: String, client_secret: String } });
  const { client_id, client_secret } = client.body as unknown as Credentials;
  await authorize(page, "clientBasic", [client_id, "wrong"]);
  t.match(await tryOut(page, "listRevocations"), { status: "401", body: { error: "invalid_client" } });
  await authorize(page, "clientBasic", [client_id, client_secret]);
  t.ok(await locks(page, "locked") > 3);
  const minted = await tryOut(page, "mint");
  t.match(minted, { status: "200", body: { access_token: /^ey/, token_type: "Bearer" } }, "as it is filled in");
  t.match(await tryOut(page, "listRevocations"), { status: "200", body: { revoked: [] } });
  await authorize(page, "accessToken", [minted.body.access_token as string]);
  t.match(await tryOut(page, "userinfo"), { status: "200", body: { sub: "alice" } });
  t.match(await tryOut(page, "userinfoByPost"), { status: "200", body: { sub: "alice" } });
  t.match(await tryOut(page, "logout", ""), { status: "200", body: { revoked: true } }, "without a body");
  t.match(await tryOut(page, "logout"), { status: "401", body: { error: "invalid_token" } });
  t.match(await tryOut(page, "jwks"), { status: "200", body: { keys: [{ alg: "RS256" }] } });
  if (folder !== undefined) await page.screenshot({ path: `${folder}/docs.png`, fullPage: true });
  t.strictSame(dialogs, [], "the browser's own password dialog never opens");
  t.same(complaints, [], "the console stays empty");
});

await t.test("at http://127.0.0.1, which is not the public URL, its calls reach the service too", async (t) => {
  const visited = server && await visit(t, `http://127.0.0.1:${new URL(server.url).port}/docs`);
  if (visited === undefined) return;
  const { page, complaints } = visited;
  const dialogs = await passwordDialogs(page);
  t.match(await tryOut(page, "mint"), { status: "400", body: { error_description: /authenticate by HTTP Basic/ } });
  t.match(await tryOut(page, "listRevocations"), { status: "401", body: { error: "invalid_client" } });
  const client = await tryOut(page, "registerClient");
  t.match(client, { status: "201", body: { client_id: String, client_secret: String } });
  const { client_id, client_secret } = client.body as unknown as Credentials;
  await authorize(page, "clientBasic", [client_id, client_secret]);
  t.match(await tryOut(page, "mint"), { status: "200", body: { access_token: /^ey/ } });
  t.strictSame(dialogs, [], "the browser's own password dialog never opens");
  t.same(complaints, [], "the console stays empty");
});

await t.test("no field has an invented value, and the stream is not loaded for ever", async (t) => {
  const visited = server && await visit(t, `${server.url}/docs/`);
  if (visited === undefined) return;
  const { page } = visited;
  for (const id of ["token", "introspect", "userinfoByPost"]) {
    const section = await open(page, id);
    const values = await section.locator(".parameters input[type=text]").evaluateAll((inputs) =>
      inputs.map((input) => (input as unknown as { value: string }).value));
    t.ok(values.length > 0);
    t.strictSame(values.filter((value) => value !== ""), id === "token" ? ["authorization_code"] : [], id);
  }
  for (const id of ["registerClient", "mint", "revokeTokens", "logout"]) {
    const text = await (await open(page, id)).locator("textarea.body-param__text").inputValue();
    t.notMatch(text, /string|client_id|client_secret|everywhere/, id);
  }
  t.equal(await (await open(page, "streamRevocations")).locator("button.execute").count(), 0);
  t.equal(await (await open(page, "listRevocations")).locator("button.execute").count(), 1);
});

await t.test("the documentation works below a path, with its slash and without", async (t) => {
  if (browser === undefined) return;
  let upstream = "";
  const proxy = createServer((incoming, response) => {
    const path = incoming.url?.startsWith("/base/") === true ? incoming.url.slice("/base".length) : undefined;
    if (path === undefined) return void response.writeHead(404).end();
    const { method, headers } = incoming;
    incoming.pipe(request(upstream + path, { method, headers }, (answer) => {
      answer.pipe(response.writeHead(answer.statusCode ?? 502, answer.headers));
    }));
  });
  const origin = `http://localhost:${await listen(t, proxy)}`;
  upstream = (await serve(t, { AUTHFLOW_PUBLIC_URL: `${origin}/base` })).url;
  for (const path of ["/base/docs", "/base/docs/"]) {
    const visited = await visit(t, origin + path);
    if (visited === undefined) return;
    t.match(await tryOut(visited.page, "jwks"), { status: "200", body: { keys: [{ alg: "RS256" }] } }, path);
    t.same(visited.complaints, [], path);
  }
});
