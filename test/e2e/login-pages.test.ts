import { createServer } from "node:http";
import axe from "axe-core";
import type { Page } from "playwright-core";
import t from "../support/tap.js";
import { chromium } from "../support/browser.js";
import { listen, openIdSettings } from "../support/openid.js";
import { serve } from "../support/serve.js";
import { at } from "./support.js";

/** Where screenshots go, for people; unset, none is taken. */
const folder = process.env.AUTHFLOW_SCREENSHOTS;
const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 800 } };

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
    const complaints: string[] = [];
    // Chromium reports an error status as an error of its own.
    page.on("console", (message) => {
      if (message.type() === "error" && !/status of 4\d\d/.test(message.text())) complaints.push(message.text());
    });
    const response = await page.goto(server.url + path);
    await page.evaluate(axe.source);
    for (const [size, viewport] of Object.entries(SIZES)) {
      for (const colorScheme of ["light", "dark"] as const) {
        await t.test(`at ${size} width, ${colorScheme}`, async (t) => {
          await page.setViewportSize(viewport);
          await page.emulateMedia({ colorScheme });
          t.equal(response?.status(), status);
          t.match(await page.locator("main h1").innerText(), heading);
          t.match(await page.locator("main").innerText(), text);
          if (status !== 200) t.match(await page.locator("footer").innerText(), /^Request [0-9a-f-]{36}$/);
          t.strictSame(await faults(page), [], "axe finds nothing");
          t.equal(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), true,
            "nothing sticks out");
          t.equal(await page.evaluate(() => window.innerWidth), viewport.width);
          t.equal(await page.evaluate(() => document.scripts.length), 0);
          t.match(await background(page), colorScheme === "dark" ? /rgb\(18, / : /rgb\(245, /, "the style is in force");
          t.strictSame(complaints, []);
          if (folder !== undefined) await page.screenshot({ path: `${folder}/${name}-${size}-${colorScheme}.png` });
        });
      }
    }
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
  const focused: string[] = [];
  for (let i = 0; i < 4; i++) {
    await page.keyboard.press("Tab");
    focused.push(await page.evaluate(() => (document.activeElement as HTMLElement).innerText.replace(/\s+/g, " ")));
    t.not(await page.evaluate(() => getComputedStyle(document.activeElement as Element).outlineStyle), "none");
  }
  t.match(focused, [/Log in with Google$/, /Log in with GitHub$/, /Log in with Corp$/, /^Back to Acme <b>Shop<\/b>$/]);
  const back = new Promise<string>((resolve) => {
    void page.route("https://shop.example/**", (route) => { resolve(route.request().url()); return route.abort(); });
  });
  await page.keyboard.press("Enter");
  const answer = new URL(await back);
  t.match(Object.fromEntries(answer.searchParams),
    { error: "access_denied", state: "a b" });
});

function background(page: Page): Promise<string> {
  return page.evaluate(() => getComputedStyle(document.body).backgroundColor);
}

/** What is wrong by WCAG 2.2 A and AA, as axe-core sees it, which the page has loaded. */
function faults(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const { axe: inPage } = window as unknown as { axe: typeof axe };
    return (await inPage.run()).violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  });
}
