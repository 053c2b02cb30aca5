import { type Browser, chromium as playwright } from "playwright-core";
import { binary, missing, type Suite } from "./services.js";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export async function chromium(t: Suite): Promise<Browser | undefined> {
  const executablePath = binary("chromium") ?? binary("chromium-browser") ?? binary("google-chrome");
  if (executablePath === undefined) return missing(t, "Chromium on the PATH");
  const browser = await playwright.launch({ executablePath, headless: true, args: FLAGS });
  t.teardown(() => browser.close());
  return browser;
}
