import type { Page } from "playwright-core";
import t from "../support/tap.js";
import { chromium } from "../support/browser.js";
import { serve } from "../support/serve.js";
import type { Credentials } from "./support.js";

const browser = await chromium(t);
const server = browser && await serve(t);
/** Where screenshots go, for people; unset, none is taken. */
const folder = process.env.AUTHFLOW_SCREENSHOTS;

/** Fills in `body` where given, sends the operation from its page and returns what the page shows. */
async function tryOut(page: Page, operation: string, body?: object) {
  const section = page.locator(`[id$="-${operation}"]`);
  await section.locator(".opblock-summary-control").click();
  if (body !== undefined) await section.locator("textarea.body-param__text").fill(JSON.stringify(body));
  await section.locator("button.execute").click();
  const answer = section.locator(".live-responses-table tbody tr.response").first();
  await answer.waitFor();
  const status = await answer.locator(".response-col_status").innerText();
  const shown = answer.locator(".highlight-code code").first();
  const text = await shown.count() === 0 ? "{}" : await shown.innerText();
  return { status: status.trim(), body: JSON.parse(text) as Record<string, unknown> };
}

for (const host of ["localhost", "127.0.0.1"]) {
  await t.test(`the documentation at http://${host} works in a browser, under its own policy`, async (t) => {
    if (browser === undefined || server === undefined) return;
    const origin = `http://${host}:${new URL(server.url).port}`;
    const page = await browser.newPage({ viewport: { width: 1280, height: 1800 } });
    t.teardown(() => page.close());
    const complaints: string[] = [];
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complaints.push(message.text());
    });
    page.on("pageerror", ({ message }) => { complaints.push(message); });
    page.on("requestfailed", (request) => { complaints.push(`${request.url()} ${request.failure()?.errorText}`); });
    page.setDefaultTimeout(20_000);

    const response = await page.goto(`${origin}/docs`);
    t.match(response?.headers()["content-security-policy"], /default-src '(self|none)'/);
    await page.locator(".opblock").first().waitFor();
    const client = await tryOut(page, "registerClient");
    t.match(client, { status: "201", body: { client_id: String, client_secret: String } }, "the example is valid");
    const { client_id, client_secret } = client.body as unknown as Credentials;
    const minted = await tryOut(page, "mint", { client_id, client_secret, sub: "alice" });
    t.match(minted, { status: "200", body: { access_token: /^ey/, token_type: "Bearer" } });
    t.match(await tryOut(page, "jwks"), { status: "200", body: { keys: [{ alg: "RS256" }] } });
    if (folder !== undefined) await page.screenshot({ path: `${folder}/docs-${host}.png`, fullPage: true });
    t.same(complaints, [], "the console stays empty");
  });
}
