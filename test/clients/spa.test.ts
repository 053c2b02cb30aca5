import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { build } from "esbuild";
import type { Page } from "playwright-core";
import t, { type Test } from "../support/tap.js";
import { decode } from "../support/app.js";
import { chromium } from "../support/browser.js";
import { listen } from "../support/openid.js";
import { ROOT } from "../support/root.js";
import { authflow, documented } from "./fixture.js";

const FOLDER = join(ROOT, "examples/connect/spa");
const browser = await chromium(t);
const server = await authflow(t);

/** The documented application at a server of its own, registered as the page says. */
async function application(t: Test): Promise<{ url: string; client_id: string }> {
  let script = "";
  const url = `http://localhost:${await listen(t, createServer((request, response) => {
    const isScript = request.url === "/main.mjs";
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html")
      .end(isScript ? script : readFileSync(join(FOLDER, "index.html")));
  }))}`;
  const { client_id } = await server.register(documented("spa", url));
  const bundle = await build({
    entryPoints: [join(FOLDER, "main.mjs")], bundle: true, format: "esm", write: false, logLevel: "silent",
    define: {
      "import.meta.env": JSON.stringify({ VITE_AUTHFLOW_URL: server.url, VITE_CLIENT_ID: client_id }),
    },
  });
  script = bundle.outputFiles[0]?.text ?? "";
  return { url, client_id };
}

async function newPage(t: Test): Promise<Page> {
  const context = await (browser as NonNullable<typeof browser>).newContext();
  t.teardown(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  // The provider's pages want a font from the internet.
  await page.route((url) => url.hostname !== "localhost", (route) => route.abort());
  return page;
}

const [LOGIN, LOGOUT] = ["#login:visible", "#logout:visible"];
/** What an output of the page shows, as soon as it shows something else than `before`. */
async function shown(page: Page, id: string, before = ""): Promise<string> {
  await page.waitForFunction(([id, before]) => {
    const { value } = document.getElementById(id) as HTMLOutputElement;
    return value !== "" && value !== before;
  }, [id, before] as const);
  return page.locator(`#${id}`).innerText();
}

async function logIn(page: Page, name: string): Promise<void> {
  await page.locator(LOGIN).click();
  await page.locator("[name=login]").fill(name);
  await page.locator("[name=password]").fill("any");
  await page.locator("[type=submit]").click();
  await page.locator("[type=submit]").click();
}
const userinfo = async (token: string): Promise<number> =>
  (await fetch(`${server.url}/userinfo`, { headers: { authorization: `Bearer ${token}` } })).status;

await t.test("the documented page logs in, survives a reload, refreshes and logs out, in a real browser", async (t) => {
  if (browser === undefined) return;
  const { url, client_id } = await application(t);
  // The library refreshes a minute before the end.
  await server.operate("PATCH", `/clients/${client_id}`, { policy: { max_ttl: 62 } });
  const page = await newPage(t);
  await page.goto(`${url}/orders?page=2`);
  await logIn(page, "alice");
  t.strictSame(JSON.parse(await shown(page, "user")), { sub: "corp|alice", name: "The alice" });
  t.equal(page.url(), `${url}/orders?page=2`, "the user is where the user was, without the code");
  const first = await shown(page, "token");
  t.match(decode(first), { iss: server.url, sub: "corp|alice", client_id });
  t.equal(await page.evaluate(() => JSON.stringify([localStorage, sessionStorage]).includes("access_token")), false,
    "no storage has a token");

  await page.goto(`${url}/orders?page=2`);
  const second = await shown(page, "token");
  t.not(decode(second).jti, decode(first).jti, "a reload gets new tokens without a page");
  t.equal(page.url(), `${url}/orders?page=2`);
  const third = await shown(page, "token", second);
  t.match(decode(third), { sub: "corp|alice" }, "the refresh token gave it");

  await page.locator(LOGOUT).click();
  await page.locator(LOGIN).waitFor();
  t.strictSame([await userinfo(second), await userinfo(third)], [401, 401], "all tokens of the session are revoked");
  await page.goto(url);
  await page.locator(LOGIN).waitFor();
  t.equal(await page.locator("#user").innerText(), "", "nobody is logged in after a reload either");
});

await t.test("a login that is cancelled, and one that ends elsewhere", async (t) => {
  if (browser === undefined) return;
  const { url, client_id } = await application(t);
  const page = await newPage(t);
  await page.goto(url);
  await page.locator(LOGIN).click();
  await page.locator("a", { hasText: "Cancel" }).click();
  t.match(await shown(page, "problem"), /cancelled|denied|refused/i);
  await server.operate("PATCH", `/clients/${client_id}`, { policy: { max_ttl: 62 } });
  await logIn(page, "bob");
  t.match(await shown(page, "user"), "corp|bob");
  await server.operate("POST", "/revocations", { sub: "corp|bob" });
  await page.locator(LOGIN).waitFor();
  t.equal(await page.locator("#user").innerText(), "", "the next refresh notices it");
});
