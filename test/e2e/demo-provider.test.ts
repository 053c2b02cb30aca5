import { createServer } from "node:http";
import { decodeJwt } from "jose";
import * as openid from "openid-client";
import type { Page } from "playwright-core";
import t, { type Test } from "../support/tap.js";
import { chromium } from "../support/browser.js";
import { type Demo, startDemo } from "../support/demo.js";
import { CHALLENGE, VERIFIER } from "../support/login.js";
import { listen } from "../support/openid.js";

const browser = await chromium(t);

async function visit(t: Test): Promise<Page> {
  const context = await browser?.newContext();
  if (context === undefined) throw new Error("no browser");
  t.teardown(() => context.close());
  context.setDefaultTimeout(30_000);
  return context.newPage();
}

async function signIn(page: Page, name: string): Promise<void> {
  await page.getByLabel("Name").fill(name);
  await page.getByRole("button", { name: "Sign in" }).click();
}

const issuerOf = ({ env }: Demo): string => `http://localhost:${env.DEMO_PROVIDER_PORT}`;

await t.test("a person's own application logs its users in at the demo's provider", async (t) => {
  if (browser === undefined) return;
  const [id, secret] = ["authflow", "a secret: of %20 the person"];
  const [server, next] = [createServer(), createServer((_request, response) => { response.end("home"); })];
  const app = `http://localhost:${await listen(t, server)}`;
  const home = `http://127.0.0.1:${await listen(t, next)}/`;
  const demo = await startDemo(t, {
    DEMO_PROVIDER_CLIENT_ID: id, DEMO_PROVIDER_CLIENT_SECRET: secret, DEMO_PROVIDER_REDIRECT_URI: `${app}/callback`,
  });
  const people: openid.UserInfoResponse[] = [];
  /** Where the application sends the browser from `url`: to the provider, and from /callback on to another origin. */
  const locationAfter = async (url: URL): Promise<string> => {
    const query = Object.fromEntries(url.searchParams);
    const method = query.state === "post" ? openid.ClientSecretPost : openid.ClientSecretBasic;
    const config = await openid.discovery(new URL(issuerOf(demo)), id, undefined, method(secret), {
      execute: [openid.allowInsecureRequests],
    });
    if (url.pathname !== "/callback") return openid.buildAuthorizationUrl(config, {
      redirect_uri: `${app}/callback`, scope: "openid email profile offline_access", ...query,
    }).href;
    if (query.error !== undefined) return `${home}${query.error}`;
    const tokens = await openid.authorizationCodeGrant(config, url, { expectedState: openid.skipStateCheck });
    people.push(await openid.fetchUserInfo(config, tokens.access_token, tokens.claims()?.sub ?? ""));
    return home;
  };
  server.on("request", ({ url = "" }, response) => {
    void locationAfter(new URL(url, app)).then((location) => response.writeHead(302, { location }).end());
  });
  t.match(demo.output(), `Your client authflow of the provider has another issuer: ${issuerOf(demo)}\n`);

  const page = await visit(t);
  for (const [name, query] of [["alice", "state=basic"], ["bob", "state=post&prompt=consent"]] as const) {
    await page.goto(`${app}/?${query}`);
    await signIn(page, name);
    await page.waitForURL(home);
    t.match(people.pop(), { sub: name, email: `${name}@example.com` }, query);
  }
  await page.goto(`${app}/?state=basic`);
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.waitForURL(`${home}access_denied`);

  await page.goto(`${app}/?state=basic&redirect_uri=${app}/another`);
  const text = await page.locator("main").innerText();
  t.match(text, /compare it with the variables DEMO_PROVIDER_CLIENT_ID and DEMO_PROVIDER_REDIRECT_URI/);
  t.match(text, /The provider says: redirect_uri did not match/);

  await page.goto(demo.url);
  await page.getByRole("button", { name: "Log in" }).click();
  await signIn(page, "carol");
  await page.getByRole("button", { name: "Call the API" }).waitFor();
  t.match(await page.locator("#who").innerText(), "You are logged in as Carol.", "the demo's own page still can");
});

await t.test("so does a page of the person's own, which keeps no secret", async (t) => {
  if (browser === undefined) return;
  const server = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>page</title>");
  });
  const [client_id, redirect_uri] = ["my-page", `http://localhost:${await listen(t, server)}/callback`];
  const demo = await startDemo(t, { DEMO_PROVIDER_CLIENT_ID: client_id, DEMO_PROVIDER_REDIRECT_URI: redirect_uri });
  const request = (more: Record<string, string>): string => `${issuerOf(demo)}/auth?${new URLSearchParams({
    client_id, redirect_uri, response_type: "code", scope: "openid", ...more,
  })}`;
  const page = await visit(t);
  await page.goto(request({ code_challenge: CHALLENGE, code_challenge_method: "S256" }));
  await signIn(page, "alice");
  await page.waitForURL(/\/callback\?code=/);
  const code = new URL(page.url()).searchParams.get("code") ?? "";
  const body = { grant_type: "authorization_code", code, code_verifier: VERIFIER, client_id, redirect_uri };
  // Asked by the page itself: the browser lets it read the answer.
  const answer = await page.evaluate(async ([url, form]) => {
    const response = await fetch(url, { method: "POST", body: new URLSearchParams(form) });
    return response.json() as Promise<{ id_token: string }>;
  }, [`${issuerOf(demo)}/token`, body] as const);
  t.match(decodeJwt(answer.id_token), { sub: "alice", aud: client_id });

  await page.goto(request({}));
  await page.waitForURL(/\/callback\?error=invalid_request/);
  t.match(new URL(page.url()).searchParams.get("error_description"), /PKCE/, "it has to send PKCE");
});
