import { createServer } from "node:http";
import t from "../support/tap.js";
import { chromium } from "../support/browser.js";
import { listen, openIdSettings } from "../support/openid.js";
import { complaintsOf, onScreens, tabThrough } from "../support/screens.js";
import { serve } from "../support/serve.js";
import { at } from "./support.js";

/** Two logos: that both arrived is what the widths of the images say. */
const image = (width: number) => `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="40">` +
  '<rect width="100%" height="100%" fill="teal"/></svg>';
const logos = `http://localhost:${await listen(t, createServer(({ url }, response) => {
  response.setHeader("content-type", "image/svg+xml").end(image(url === "/operator" ? 50 : 60));
}))}`;

const browser = await chromium(t);
const server = browser && await serve(t, {
  AUTHFLOW_OPERATOR_NAME: "Acme & Sons", AUTHFLOW_OPERATOR_LOGO: `${logos}/operator`,
  ...openIdSettings("corp", "http://localhost:1"), AUTHFLOW_OIDC_PROVIDERS: "corp",
  GOOGLE_CLIENT_ID: "id", GOOGLE_CLIENT_SECRET: "secret", GITHUB_CLIENT_ID: "id", GITHUB_CLIENT_SECRET: "secret",
});
const registration = {
  name: "Acme <b>Shop</b>", redirect_uri: "https://shop.example/callback", logo_uri: `${logos}/shop`,
};
const client = server && (await at(server.url).ask("POST", "/clients", {}, registration)).body as { client_id: string };
const query = `client_id=${client?.client_id}&redirect_uri=https%3A%2F%2Fshop.example%2Fcallback`;

const PAGES: [name: string, path: string, status: number, heading: RegExp, text: RegExp][] = [
  ["providers", `/auth?${query}`, 200, /^Log in to Acme <b>Shop<\/b>$/,
    /^Acme & Sons\s.*Log in with Google.*Back to Acme <b>Shop/s],
  ["unknown-provider", `/auth/nobody?${query}`, 404, /Unknown provider/, /Choose another one/],
  ["bad-link", "/auth/google", 400, /This link does not work/, /client_id is missing.*Go back to the application/s],
  ["bad-redirect", `/auth/google?client_id=${client?.client_id}&redirect_uri=https%3A%2F%2Fevil.example`, 400,
    /This link does not work/, /redirect_uri is not registered/],
  ["over", "/auth/google/callback?state=used&code=x", 410, /can't be finished/, /This login is over/],
];

for (const [name, path, status, heading, text] of PAGES) {
  await t.test(name, async (t) => {
    if (browser === undefined || server === undefined) return;
    const page = await browser.newPage();
    t.teardown(() => page.close());
    const complaints = complaintsOf(page);
    const response = await page.goto(server.url + path);
    await onScreens(t, page, name, async (t) => {
      t.equal(response?.status(), status);
      t.match(await page.locator("main h1").innerText(), heading);
      t.match(await page.locator("main").innerText(), text);
      if (status !== 200) t.match(await page.locator("footer").innerText(), /^Request [0-9a-f-]{36}$/);
      t.equal(await page.evaluate(() => document.scripts.length), 0);
      t.strictSame(complaints, []);
    });
  });
}

await t.test("the page of providers shows the logos and marks, and serves who has only a keyboard", async (t) => {
  if (browser === undefined || server === undefined) return;
  const page = await browser.newPage();
  t.teardown(() => page.close());
  page.setDefaultTimeout(20_000);
  await page.goto(`${server.url}/auth?${query}&response_type=code&state=a+b`, { waitUntil: "load" });
  const widths = await page.evaluate(() => [...document.images].map(({ naturalWidth }) => naturalWidth));
  t.strictSame(widths, [50, 60], "the operator's and the application's");
  t.strictSame(await page.locator("svg").allTextContents(), ["G", "GH", "C"]);
  t.match(await tabThrough(t, page, 4),
    [/Log in with Google$/, /Log in with GitHub$/, /Log in with Corp$/, /^Back to Acme <b>Shop<\/b>$/]);
  const back = new Promise<string>((resolve) => {
    void page.route("https://shop.example/**", (route) => { resolve(route.request().url()); return route.abort(); });
  });
  await page.keyboard.press("Enter");
  const answer = new URL(await back);
  t.match(Object.fromEntries(answer.searchParams),
    { error: "access_denied", state: "a b" });
});
