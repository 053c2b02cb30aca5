import t from "../../support/tap.js";
import { manualClock, REDIRECT_URI } from "../../support/app.js";
import { authorizeFixture } from "../../support/authorize.js";
import { CHALLENGE, delivered } from "../../support/login.js";
import { answerAt } from "../../support/openid.js";
import { UserAgent, wayOn } from "../../support/user-agent.js";

const { clock, advance } = manualClock();
const { app, client, authorizeUrl, authorize, redeem } = await authorizeFixture(t, {}, { clock });
/** A login at the provider, as far as its answer, which the browser has not delivered yet. */
const providersAnswer = async (agent: UserAgent, start: string, user: string): Promise<URL> =>
  answerAt((await agent.once(new URL(start))).headers.get("location") ?? "", user);
const CANCELLED = { error: "access_denied", error_description: String, state: "xyz", iss: "http://localhost:8080" };
/** What a request may ask for besides what each one has. */
const WHOLE = {
  scope: "openid offline_access", resource: "https://api.example.com/", prompt: "login consent", max_age: "7200",
  login_hint: "bob", ui_locales: "fr-CH fr", acr_values: "urn:mfa",
};

for (const [name, page] of [
  ["the page of providers", (agent, response_mode) => agent.open(authorizeUrl({ provider: undefined, response_mode }))],
  ["the page after a login that took too long", async (agent, response_mode) => {
    const callback = await providersAnswer(agent, authorizeUrl({ response_mode }), "alice");
    advance(601);
    return agent.open(callback);
  }],
] as [string, (agent: UserAgent, response_mode: string) => ReturnType<UserAgent["open"]>][]) {
  await t.test(`${name} leads back to the application in the way that it asked for`, async (t) => {
    for (const mode of ["query", "fragment", "form_post"]) {
      const visited = await page(new UserAgent(app), mode);
      const { url, form } = wayOn(visited, "Back to my-app");
      t.equal(url.origin + url.pathname, REDIRECT_URI, mode);
      t.match(mode === "form_post" ? form : delivered({ url }), CANCELLED);
      t.strictSame([url.search !== "", url.hash !== ""], [mode === "query", mode === "fragment"]);
      const csp = visited.headers.get("content-security-policy") ?? "";
      t.equal(csp.includes("form-action 'none'"), mode !== "form_post", "a browser lets the form go");
    }
  });
}

await t.test("to start again is to make the same request", async (t) => {
  const agent = new UserAgent(app);
  const { body } = await redeem(await authorize("alice", {}, agent));
  const wanted = { userinfo: { name: {} }, id_token: { email: {} } };
  const asked = {
    ...WHOLE, response_mode: "form_post", claims: JSON.stringify(wanted), id_token_hint: body.id_token as string,
  };
  const callback = await providersAnswer(agent, authorizeUrl(asked), "bob");
  advance(601);
  const { url: again } = wayOn(await agent.open(callback), "Start again");
  const { claims, ...others } = Object.fromEntries(again.searchParams);
  const { claims: _claims, id_token_hint: _hint, ...same } = asked;
  t.strictSame(others, {
    ...same, client_id: client.client_id, redirect_uri: REDIRECT_URI, response_type: "code", state: "xyz",
    nonce: "n-0S6", code_challenge: CHALLENGE, code_challenge_method: "S256", provider: "corp",
  });
  t.strictSame(JSON.parse(claims ?? ""),
    { ...wanted, id_token: { ...wanted.id_token, sub: { value: "corp|alice" } } }, "the hint names one user");
});

await t.test("who has to log in, and how, stays the same", async (t) => {
  const { clock, advance } = manualClock(); // the provider's answers are from now
  const { app, authorizeUrl, authorize, redeem } = await authorizeFixture(t, {}, { clock });
  const { body } = await redeem(await authorize("alice"));
  const claims = JSON.stringify({ id_token: { acr: { essential: true, values: ["urn:mfa", "urn:hardware"] } } });
  for (const [query, error] of [
    [{ id_token_hint: body.id_token as string }, "login_required"],
    [{ claims: JSON.stringify({ userinfo: { sub: { value: "corp|alice" } } }) }, "login_required"],
    [{ claims }, "unmet_authentication_requirements"],
  ] as const) {
    const agent = new UserAgent(app);
    const callback = await providersAnswer(agent, authorizeUrl(query), "bob");
    advance(601);
    const { url: again } = wayOn(await agent.open(callback), "Start again");
    t.match(delivered(await agent.open(await providersAnswer(agent, again.href, "bob"))), { error });
  }
});

await t.test("so does a question of consent that is over, or is for another login", async (t) => {
  const tool = await app.register({ name: "Tool" });
  await app.fastify.clients.update(tool.client_id, { isSelfRegistered: true });
  const agent = new UserAgent(app);
  const { url } = await authorize("alice", { response_mode: "form_post", prompt: "consent" }, agent, tool);
  const open = () => agent.open(url);
  const elsewhere = new UserAgent(app);
  advance(601);
  for (const [page, status] of [[await open(), 410], [await elsewhere.open(url), 410]] as const) {
    t.equal(page.status, status);
    t.match(wayOn(page, "Back to Tool"), { url: { href: REDIRECT_URI }, form: CANCELLED });
    const { url: again } = wayOn(page, "Start again");
    t.match(Object.fromEntries(again.searchParams), { prompt: "consent", response_mode: "form_post", state: "xyz" });
  }
  const { url: again } = wayOn(await open(), "Start again");
  const question = await agent.open(again);
  t.match(question.text, /Allow Tool\?/);
  const other = await elsewhere.open(question.url);
  t.match(other, { status: 403, text: /for another login/ });
  t.match(wayOn(other, "Start again").url, again);
});

await t.test("only what a link can repeat is offered to be tried again", async (t) => {
  const { app, authorizeUrl } = await authorizeFixture(t, { AUTHFLOW_RATE_LIMIT_LOGIN: "1" });
  const [agent, url] = [new UserAgent(app), new URL(authorizeUrl())];
  await agent.once(url);
  const page = await agent.once(url);
  t.equal(page.status, 429);
  t.equal(wayOn({ ...page, url }, "Try again").url.href, url.href);
  const form = Object.fromEntries(url.searchParams);
  for (const path of ["/authorize", "/authorize/consent", "/auth/corp/callback"]) {
    const posted = await agent.once(new URL(path, url), { method: "POST", form });
    t.match(posted, { status: 429, text: /Wait a minute, then go back to the application/ }, path);
    t.notMatch(posted.text, /Try again/);
  }
});
