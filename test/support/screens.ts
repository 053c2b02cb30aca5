import axe from "axe-core";
import type { Page } from "playwright-core";
import type { Test } from "tap";

/** Where screenshots go, for people; unset, none is taken. */
const folder = process.env.AUTHFLOW_SCREENSHOTS;
const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 800 } };
/** CSS pixels: what a thumb hits (WCAG 2.2 demands 24). */
const TARGET_MIN = 44;

/**
 * What holds for each page of Authflow that people see, on phone and desktop, light and dark: axe finds nothing,
 * nothing sticks out, and everything to press is big enough. `check`: what else holds on each screen.
 */
export async function onScreens(
  t: Test,
  page: Page,
  name: string,
  check: (t: Test) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  await page.evaluate(axe.source);
  for (const [size, viewport] of Object.entries(SIZES)) {
    for (const colorScheme of ["light", "dark"] as const) {
      await t.test(`at ${size} width, ${colorScheme}`, async (t) => {
        await page.setViewportSize(viewport);
        await page.emulateMedia({ colorScheme });
        await check(t);
        t.strictSame(await faults(page), [], "axe finds nothing");
        t.equal(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), true,
          "nothing sticks out");
        t.equal(await page.evaluate(() => window.innerWidth), viewport.width);
        const heights = await page.locator("a, button").evaluateAll((all) =>
          all.map((one) => one.getBoundingClientRect().height));
        t.ok(heights.every((height) => height >= TARGET_MIN), heights.join(" "));
        t.match(await background(page), colorScheme === "dark" ? /rgb\(18, / : /rgb\(245, /, "the style is in force");
        if (folder !== undefined) await page.screenshot({ path: `${folder}/${name}-${size}-${colorScheme}.png` });
      });
    }
  }
}

/** What a page complains about, except that Chromium reports an error status as an error of its own. */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" && !/status of 4\d\d/.test(message.text())) complaints.push(message.text());
  });
  return complaints;
}

/** The texts that Tab reaches one after the other; each one shows that it has the focus. */
export async function tabThrough(t: Test, page: Page, stops: number): Promise<string[]> {
  const focused: string[] = [];
  for (let i = 0; i < stops; i++) {
    await page.keyboard.press("Tab");
    focused.push(await page.evaluate(() => (document.activeElement as HTMLElement).innerText.replace(/\s+/g, " ")));
    t.not(await page.evaluate(() => getComputedStyle(document.activeElement as Element).outlineStyle), "none");
  }
  return focused;
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
