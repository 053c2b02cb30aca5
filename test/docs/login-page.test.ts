import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { join } from "node:path";
import { once } from "node:events";
import type { Page } from "playwright-core";
import t from "../support/tap.js";
import { decode } from "../support/app.js";
import { chromium } from "../support/browser.js";
import { listen } from "../support/openid.js";
import { freePort } from "../support/ports.js";
import { endedWith } from "../support/process.js";
import { ROOT } from "../support/root.js";
import { serve } from "../support/serve.js";
import { blocks } from "./documents.js";
import { post } from "./post.js";
import { bash } from "./shell.js";

const PORT = String(await freePort());
const LOGIN_URL = `http://localhost:${PORT}/login`;
const AUTHFLOW_ADMIN_TOKEN = "admin-token-of-the-documents-0123456789";
const server = await serve(t, { AUTHFLOW_LOGIN_URL: LOGIN_URL, AUTHFLOW_LOGIN_LABEL: "Acme", AUTHFLOW_ADMIN_TOKEN });
/** Runs a request of the page as it stands. */
const request = async (block: string | undefined, env: Record<string, string>): Promise<Record<string, string>> =>
  JSON.parse(await bash(`${block ?? ""}`.replaceAll("https://auth.example.com", server.url)
    .replace("curl ", "curl -s "), env)) as Record<string, string>;
const [register, accept] = blocks("docs/providers/local.md", "sh");
const redirect_uri = `http://localhost:${await listen(t, createServer((_request, response) => {
  response.setHeader("content-type", "text/html").end("<!doctype html><title>application</title>");
}))}/callback`;
const application = await post(`${server.url}/clients`, { name: "<b>shop</b>", redirect_uri });
const backend = await request(register, { AUTHFLOW_ADMIN_TOKEN });
const { client_id = "", client_secret = "" } = backend;
const credentials = { AUTHFLOW_CLIENT_ID: client_id, AUTHFLOW_CLIENT_SECRET: client_secret };

/** The example in a process of its own. */
const child = spawn(process.execPath, [join(ROOT, "examples/login-page/server.mjs")], {
  env: { AUTHFLOW_URL: server.url, PORT, ...credentials },
  stdio: ["ignore", "pipe", "inherit"],
});
endedWith(t, child);
t.match(String((await once(child.stdout, "data") as [Buffer])[0]), LOGIN_URL);

const start = (query: Record<string, string> = {}, path = "/auth/local"): string => `${server.url}${path}?${
  new URLSearchParams({ client_id: application.client_id ?? "", redirect_uri, state: "xyz", ...query }).toString()}`;
const fragment = (address: string): Record<string, string> =>
  Object.fromEntries(new URLSearchParams(new URL(address).hash.slice(1)));

await t.test("without a browser: prompt=none, an expired and an invented challenge", async (t) => {
  const cookies: string[] = [];
  const go = async (url: string): Promise<Response> => {
    const response = await fetch(url, { redirect: "manual", headers: { cookie: cookies.join("; ") } });
    cookies.push(...response.headers.getSetCookie().map((line) => line.split(";", 1)[0] as string));
    return response;
  };
  const next = ({ headers }: Response): string => headers.get("location") ?? "";
  const silent = await go(next(await go(start({ prompt: "none" }))));
  t.equal(silent.status, 303);
  t.equal(silent.headers.get("referrer-policy"), "no-referrer");
  t.match(fragment(next(await go(next(silent)))), { error: "login_required", state: "xyz" });
  const invented = await go(`${LOGIN_URL}?login_challenge=${encodeURIComponent("../x?<b>")}`);
  t.equal(invented.status, 400);
  t.match(await invented.text(), /There is no such login/);
});

await t.test("the request of the page that accepts a login works as it stands", async (t) => {
  const begun = await fetch(start(), { redirect: "manual" });
  const LOGIN_CHALLENGE = new URL(begun.headers.get("location") ?? "").searchParams.get("login_challenge") ?? "";
  const { redirect_to = "" } = await request(accept, { ...credentials, LOGIN_CHALLENGE });
  const [cookie = ""] = begun.headers.getSetCookie().map((line) => line.split(";", 1)[0]);
  const done = await fetch(redirect_to, { redirect: "manual", headers: { cookie } });
  t.match(decode(fragment(done.headers.get("location") ?? "").access_token ?? ""),
    { sub: "alice", email_verified: true, amr: ["pwd"] });
});

const browser = await chromium(t);
await t.test("in a real browser: from the page of providers to the application", async (t) => {
  if (browser === undefined) return;
  const context = await browser.newContext();
  t.teardown(() => context.close());
  const page: Page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const fill = async (password: string): Promise<void> => {
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Log in" }).click();
  };

  await page.goto(start({ login_hint: "alice@example.com" }, "/auth"));
  await page.getByRole("link", { name: "Log in with Acme" }).click();
  await page.waitForURL(`${LOGIN_URL}?**`);
  t.equal(await page.locator("h1").innerText(), "Log in to <b>shop</b>", "a name is no HTML");
  t.equal(await page.getByLabel("E-mail").inputValue(), "alice@example.com");
  await fill("wrong");
  t.match(await page.getByRole("alert").innerText(), /do not match/);
  t.equal(await page.getByLabel("E-mail").inputValue(), "alice@example.com");
  await page.getByLabel("E-mail").fill("bob@example.com");
  await fill("wrong");
  t.equal(await page.getByLabel("E-mail").inputValue(), "bob@example.com", "what was entered, not what was asked for");
  await page.getByLabel("E-mail").fill("alice@example.com");
  await fill("correct horse");
  await page.waitForURL(`${redirect_uri}#**`);
  const { access_token: token = "", state } = fragment(page.url());
  t.equal(state, "xyz");
  t.match(decode(token), {
    sub: "1", provider: "local", name: "Alice", email: "alice@example.com", email_verified: true, amr: ["pwd"],
    auth_time: Number, client_id: application.client_id,
  });

  await page.goto(start());
  const challenged = page.url();
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.waitForURL(`${redirect_uri}#**`);
  t.match(fragment(page.url()), { error: "access_denied", state: "xyz" });
  const cancelled = page.url();

  await page.goto(challenged);
  t.equal(page.url(), cancelled, "the page once more, after the login is over, leads on to the application");
});
