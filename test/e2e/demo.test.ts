import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Page } from "playwright-core";
import t from "../support/tap.js";
import { onScreens, tabThrough } from "../support/screens.js";
import { chromium } from "../support/browser.js";
import { type Demo, startDemo } from "../support/demo.js";
import { post } from "../docs/post.js";
import { CHALLENGE } from "../support/login.js";
import { listen } from "../support/openid.js";
import type { Suite } from "../support/services.js";
import { until } from "./support.js";

const browser = await chromium(t);
// What the terminal has set for another Authflow does no harm.
const demo = browser && await startDemo(t, { LOG_LEVEL: "info", AUTHFLOW_ISSUER: "https://another.example" });
/** Where screenshots go, for people; unset, none is taken. */
const folder = process.env.AUTHFLOW_SCREENSHOTS;

interface Watched { page: Page; complaints: string[]; hosts: Set<string> }

/** A browser of its own, at the page that the terminal says to open. */
async function visit(t: Suite, { url }: Demo): Promise<Watched> {
  const context = await browser?.newContext();
  if (context === undefined) throw new Error("no browser");
  t.teardown(() => context.close());
  const watched: Watched = { page: await context.newPage(), complaints: [], hosts: new Set() };
  context.on("request", (request) => { watched.hosts.add(new URL(request.url()).hostname); });
  context.on("console", (message) => {
    if (!["error", "warning"].includes(message.type())) return;
    watched.complaints.push(`${message.location().url} ${message.text()}`);
  });
  watched.page.on("pageerror", ({ message }) => { watched.complaints.push(message); });
  context.on("requestfailed", (request) => {
    if (request.failure()?.errorText === "net::ERR_ABORTED") return; // the page was left before it had everything
    watched.complaints.push(`${request.url()} ${request.failure()?.errorText}`);
  });
  context.setDefaultTimeout(30_000);
  await open(watched.page, url);
  return watched;
}

async function open(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await isReady(page);
}
const isReady = (page: Page): Promise<void> => page.locator("html[data-ready]").waitFor({ state: "attached" });

async function logIn(page: Page, name: string): Promise<void> {
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByLabel("Name").fill(name);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Call the API" }).waitFor();
}

/** Presses a button and reads what the page shows of the answer. */
async function press(page: Page, button: string, output: string): Promise<string> {
  await page.getByRole("button", { name: button, exact: true }).click();
  const shown = page.locator(`#${output}`);
  await shown.locator(".status").waitFor();
  return shown.innerText();
}
/** Logs out, and reads what the page says of the API then. */
async function logOut(page: Page): Promise<string> {
  await press(page, "Log out", "logout-result");
  return page.locator("#refusal:not(:empty)").innerText();
}
const REFUSAL = /^The API refused the token (\d+) ms after Authflow had answered the logout\.$/;
const claim = (page: Page, name: string): Promise<string> =>
  page.locator("#claims dt").getByText(name, { exact: true }).locator("+ dd").innerText();

await t.test("a person logs in, calls the API, logs out and is refused", async (t) => {
  if (demo === undefined) return;
  const { page, complaints, hosts } = await visit(t, demo);
  await logIn(page, "alice");
  t.equal(page.url(), `${demo.url}/`, "neither code nor state stays in the address");
  t.equal(await claim(page, "sub"), "demo-provider|alice");
  t.equal(await claim(page, "email"), "alice@example.com");
  t.match(await page.locator("#who").innerText(), "You are logged in as Alice.");
  t.match(await press(page, "Call the API", "call-result"), /^200 OK[^]*"Hello, Alice!"[^]*"demo-provider\|alice"/);
  t.same(complaints, [], "until here the console stays empty");
  t.match(await logOut(page), REFUSAL);
  t.match(await page.locator("#logout-result").innerText(), /^200 OK[^]*"revoked": true/);
  t.match(await press(page, "Call the API again", "call-again-result"), /^401 Unauthorized[^]*revoked/);
  const refusal = new RegExp(`^http://localhost:${demo.env.DEMO_API_PORT}/hello .*status of 401`);
  t.match(complaints, [refusal, refusal], "browsers report each refusal, and report nothing else");
  t.equal(complaints.length, 2);

  await page.getByRole("button", { name: "Start again" }).click();
  await logIn(page, "bob");
  t.equal(await claim(page, "sub"), "demo-provider|bob", "the provider asks who is there each time");
  t.same([...hosts], ["localhost"], "nothing is asked of another host");
});

await t.test("reloading does no harm, wherever one is", async (t) => {
  if (demo === undefined) return;
  const { page, complaints } = await visit(t, demo);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByLabel("Name").waitFor();
  await page.reload();
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Call the API" }).waitFor();
  const jti = await claim(page, "jti");
  await page.reload();
  await isReady(page);
  t.equal(await claim(page, "jti"), jti, "the same token is there after a reload");
  t.match(await press(page, "Call the API", "call-result"), /^200 OK/);
  const refusal = await logOut(page);
  await page.reload();
  await isReady(page);
  t.match(await page.locator("#who").innerText(), "You are logged out.");
  t.equal(await page.locator("#refusal").innerText(), refusal);
  t.match(await press(page, "Call the API again", "call-again-result"), /^401 /);
  t.equal(complaints.length, 2, complaints.join());
});

await t.test("the API verifies tokens itself: no call of it makes Authflow answer one", async (t) => {
  if (demo === undefined) return;
  const authflow = `http://localhost:${demo.env.DEMO_AUTHFLOW_PORT}`;
  /** The paths of the requests in Authflow's log. */
  const requests = (): string[] => demo.output().split("\n").filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Record<string, string>).filter(({ msg }) => msg === "request")
    .map(({ path = "" }) => path);
  const { page } = await visit(t, demo);
  await logIn(page, "alice");
  for (let i = 0; i < 3; i++) t.match(await press(page, "Call the API", "call-result"), /^200 OK/);
  await logOut(page);
  t.match(await press(page, "Call the API again", "call-again-result"), /^401 /);

  await fetch(`${authflow}/the-end-of-this-test`);
  await until("the log is complete", () => requests().includes("/the-end-of-this-test"));
  const after = new Set(requests().slice(requests().lastIndexOf("/token") + 1));
  after.delete("/.well-known/jwks.json"); // the keys are fetched in the background
  t.same([...after], ["/logout", "/the-end-of-this-test"]);
});

await t.test("the page calls the API until it refuses, and shows how long that took", async (t) => {
  if (demo === undefined) return;
  const { page } = await visit(t, demo);
  await logIn(page, "alice");
  const hello = `http://localhost:${demo.env.DEMO_API_PORT}/hello`;
  const statuses: number[] = [];
  page.on("response", (response) => { if (response.url() === hello) statuses.push(response.status()); });
  let held = 0;
  await page.route(hello, async (route) => {
    const began = performance.now();
    await sleep(300);
    held = performance.now() - began;
    await route.continue();
  });
  // Before that, one call is answered as if the feed were late. The page asks at the route that was added last.
  await page.route(hello, (route) => route.fulfill({
    headers: { "access-control-allow-origin": demo.url }, json: { message: "Hello, Alice!" },
  }), { times: 1 });
  const [, milliseconds] = REFUSAL.exec(await logOut(page)) ?? [];
  t.same(statuses, [200, 401]);
  t.ok(Number(milliseconds) >= Math.floor(held), `${milliseconds} ms, of which the answer was held for ${held} ms`);
});

await t.test("the back button does no harm", async (t) => {
  if (demo === undefined) return;
  const { page } = await visit(t, demo);
  await logIn(page, "alice");
  const jti = await claim(page, "jti");
  await page.goBack();
  t.match(await page.locator("h1").innerText(), "This sign-in can’t continue", "the provider's page is over");
  await page.goForward();
  await isReady(page);
  t.equal(await claim(page, "jti"), jti);
  t.match(await press(page, "Call the API", "call-result"), /^200 OK/, "no second exchange revoked the token");
  await page.goBack();
  await page.getByRole("link", { name: "Back to the application" }).click();
  await isReady(page);
  t.equal(await claim(page, "jti"), jti);
  await page.goBack();
  await page.goBack();
  await page.waitForURL(`${demo.url}/`);
  t.equal(await claim(page, "jti"), jti, "the page as it was before the login knows of it");
});

await t.test("cancelling at the provider comes back as a readable error, and the next attempt works", async (t) => {
  if (demo === undefined) return;
  const { page, complaints } = await visit(t, demo);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("button", { name: "Cancel" }).click();
  const alert = page.getByRole("alert");
  await alert.filter({ hasText: "cancelled" }).waitFor();
  t.equal(await alert.innerText(),
    "You are not logged in. The login at Demo Provider was cancelled or refused (access_denied).");
  t.equal(page.url(), `${demo.url}/`);
  await page.reload();
  await isReady(page);
  t.equal(await alert.innerText(), "", "the error does not come back");
  await logIn(page, "alice");
  t.same(complaints, []);
});

await t.test("an answer to a login that this tab did not begin is not taken", async (t) => {
  if (demo === undefined) return;
  const { page } = await visit(t, demo);
  for (const query of ["code=stolen&state=planted", "code=stolen", "error=access_denied&state=planted"]) {
    await open(page, `${demo.url}/?${query}`);
    const alert = await page.getByRole("alert").innerText();
      t.match(alert, "This answer does not belong to a login that was started", query);
    t.equal(await page.getByRole("button", { name: "Call the API" }).isVisible(), false);
  }
});

await t.test("the provider takes no name that could not be one", async (t) => {
  if (demo === undefined) return;
  const { page } = await visit(t, demo);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByLabel("Name").fill("<b>");
  // Past the browser's own check, which a hand-written request does not have.
  await page.locator("form").evaluate((form) => { (form as unknown as { noValidate: boolean }).noValidate = true; });
  await page.getByRole("button", { name: "Sign in" }).click();
  t.match(await page.getByRole("alert").innerText(), "Letters, digits, dots and dashes");
  await page.getByLabel("Name").fill("carol");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Call the API" }).waitFor();
  t.equal(await claim(page, "sub"), "demo-provider|carol");
});

const LOCAL = "Use the platform’s own login page";
const enter = async (page: Page, email: string, password: string): Promise<void> => {
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
};

await t.test("a platform's own login page logs its users in, and the logout ends their tokens as fast", async (t) => {
  if (demo === undefined) return;
  const { page, complaints, hosts } = await visit(t, demo);
  await page.getByRole("button", { name: LOCAL }).click();
  await page.waitForURL(`http://localhost:${demo.env.DEMO_LOGIN_PORT}/login?**`);
  t.equal(await page.locator("h1").innerText(), "Log in to Sample application");
  await enter(page, "alice@example.com", "demo");
  await page.getByRole("button", { name: "Call the API" }).waitFor();
  t.equal(page.url(), `${demo.url}/`);
  for (const [name, value] of Object.entries({ sub: "1001", provider: "local", email_verified: "true", amr: "pwd" }))
    t.equal(await claim(page, name), value);
  t.match(await press(page, "Call the API", "call-result"), /^200 OK[^]*"Hello, Alice!"[^]*"1001"/);
  t.same(complaints, []);
  t.match(await logOut(page), REFUSAL);
  t.match(await press(page, "Call the API again", "call-again-result"), /^401 Unauthorized[^]*revoked/);
  await page.goBack();
  t.match(await page.locator("main").innerText(), /This login is finished.*Start again/s, "the login that is over");
  t.same([...hosts], ["localhost"]);
});

await t.test("the platform takes no wrong password, and whoever cancels comes back", async (t) => {
  if (demo === undefined) return;
  const { page } = await visit(t, demo);
  await page.getByRole("button", { name: LOCAL }).click();
  for (const [email, password] of [["bob@example.com", "wrong"], ["nobody@example.com", "demo"]] as const) {
    await enter(page, email, password);
    t.match(await page.getByRole("alert").innerText(), "This address and this password do not match.");
    t.equal(await page.getByLabel("E-mail").inputValue(), email);
  }
  await page.getByRole("button", { name: "Cancel" }).click();
  const alert = page.getByRole("alert").filter({ hasText: "access_denied" });
  await alert.waitFor();
  t.match(await alert.innerText(), /^You are not logged in\. The login was cancelled or refused/);
  await page.getByRole("button", { name: LOCAL }).click();
  await enter(page, "bob@example.com", "demo");
  await page.getByRole("button", { name: "Call the API" }).waitFor();
  t.equal(await claim(page, "sub"), "1002");
  const invented = await page.goto(`http://localhost:${demo.env.DEMO_LOGIN_PORT}/login?login_challenge=<b>x`);
  t.equal(invented?.status(), 400);
  t.match(await page.locator("main").innerText(), /This login can’t continue\s.*There is no such login/s);
});

await t.test("a person's own application on another port logs in through Authflow, and goes on to another origin",
  async (t) => {
    if (demo === undefined) return;
    const [home, app] = [createServer((_request, response) => { response.end("home"); }), createServer()];
    const location = `http://127.0.0.1:${await listen(t, home)}/`;
    app.on("request", (_request, response) => { response.writeHead(303, { location }).end(); });
    const redirect_uri = `http://localhost:${await listen(t, app)}/callback`;
    const authflow = `http://localhost:${demo.env.DEMO_AUTHFLOW_PORT}`;
    t.match(demo.output(), `register it at ${authflow}, and use that address as its issuer`);
    const { client_id = "" } = await post(`${authflow}/clients`, { name: "my-app", redirect_uri });
    for (const [provider, logIn] of [
      ["demo-provider", async (page: Page) => { await page.getByRole("button", { name: "Sign in" }).click(); }],
      ["local", (page: Page) => enter(page, "alice@example.com", "demo")],
    ] as const) {
      for (const cancel of [true, false]) {
        const { page, complaints } = await visit(t, demo);
        await page.goto(`${authflow}/authorize?${new URLSearchParams({
          client_id, redirect_uri, response_type: "code", scope: "openid", provider,
          code_challenge: CHALLENGE, code_challenge_method: "S256",
        }).toString()}`);
        await (cancel ? page.getByRole("button", { name: "Cancel" }).click() : logIn(page));
        await page.waitForURL(location);
        t.strictSame(complaints, [], provider);
      }
    }
  });

await t.test("the platform's page on phone and desktop, light and dark, with a keyboard only", async (t) => {
  if (demo === undefined) return;
  const { page, complaints } = await visit(t, demo);
  await page.getByRole("button", { name: LOCAL }).focus();
  await page.keyboard.press("Enter");
  await page.getByLabel("Password").waitFor();
  await onScreens(t, page, "demo-platform");
  t.match(await tabThrough(t, page, 4), ["", "", "Log in", "Cancel"]);
  await page.getByLabel("Password").focus();
  await page.keyboard.type("demo");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Call the API" }).waitFor();
  t.same(complaints, []);
});

const SCREENS = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 800 } };
await t.test("every page fits a phone and a desktop, in light and dark colours", async (t) => {
  if (demo === undefined) return;
  const { page, complaints } = await visit(t, demo);
  const check = async (name: string): Promise<void> => {
    for (const [screen, viewport] of Object.entries(SCREENS)) {
      await page.setViewportSize(viewport);
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        const width = await page.evaluate("document.documentElement.scrollWidth");
        t.equal(width, viewport.width, `${name} is as wide as a ${screen}, ${colorScheme}`);
        const path = `${folder}/demo-${name}-${screen}-${colorScheme}.png`;
        if (folder !== undefined) await page.screenshot({ path, fullPage: true });
      }
    }
  };
  await check("1-start");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("button", { name: "Cancel" }).waitFor();
  await check("2-provider");
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("alert").filter({ hasText: "cancelled" }).waitFor();
  await check("3-cancelled");
  await logIn(page, "alice");
  await check("4-logged-in");
  await page.getByText("Header, and the token as it is sent").click();
  await press(page, "Call the API", "call-result");
  await logOut(page);
  await press(page, "Call the API again", "call-again-result");
  await check("5-refused");
  await page.goBack();
  await check("6-over");
  t.match(complaints, [/status of 401/, /status of 401/, /status of 400/], "the refusals, and nothing else");
  t.equal(complaints.length, 3);
});
