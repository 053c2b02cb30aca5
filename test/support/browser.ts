import { type Browser, chromium as playwright } from "playwright-core";
import { binary, missing, type Suite } from "./services.js";
import { shareInProcess } from "./shared.js";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // Pages of others want fonts from the internet: that they can't have them is known at once.
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
];

/**
 * Names of Chromium's program. The first is the same browser without what only a window needs: it takes a quarter of
 * the others' time.
 */
const PROGRAMS = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"];

let running: Promise<Browser> | undefined;

/**
 * One Chromium for all tests of this process; it ends with the process. Each test opens contexts of its own, and closes
 * them.
 */
export async function chromium(t: Suite): Promise<Browser | undefined> {
  const executablePath = PROGRAMS.map(binary).find((path) => path !== undefined);
  if (executablePath === undefined) return missing(t, "Chromium on the PATH");
  return running ??= shareInProcess(
    () => playwright.launch({ executablePath, headless: true, args: FLAGS }),
    (browser) => browser.close(),
  );
}
