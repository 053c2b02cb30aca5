import axe from "axe-core";
import type { Page } from "playwright-core";
import t from "../support/tap.js";
import { chromium } from "../support/browser.js";
import { openIdSettings } from "../support/openid.js";
import { serve } from "../support/serve.js";
import { at } from "./support.js";

/** Where screenshots go, for people; unset, none is taken. */
const folder = process.env.AUTHFLOW_SCREENSHOTS;
const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 800 } };

const browser = await chromium(t);
const server = browser && await serve(t, {
  ...openIdSettings("corp", "http://localhost:1"), AUTHFLOW_OIDC_PROVIDERS: "corp",
  GOOGLE_CLIENT_ID: "id", GOOGLE_CLIENT_SECRET: "secret", GITHUB_CLIENT_ID: "id", GITHUB_CLIENT_SECRET: "secret",
});
const client = server && await at(server.url).register();
const query = `client_id=${client?.client_id}&redirect_uri=https%3A%2F%2Fshop.example%2Fcallback`;

const PAGES: [name: string, path: string, status: number, heading: RegExp, text: RegExp][] = [
  ["providers", `/auth?${query}`, 200, /^Log in$/, /Log in with Google/],
  ["unknown-provider", `/auth/nobody?${query}`, 404, /Unknown provider/, /choose another one/],
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
