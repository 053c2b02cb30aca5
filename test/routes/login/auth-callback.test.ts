import t from "../../support/tap.js";
import { decode, manualClock, onEveryBackend, OPERATOR, testApp } from "../../support/app.js";
import { delivered, loginFixture, PKCE, VERIFIER } from "../../support/login.js";
import { answerAt } from "../../support/openid.js";
import { UserAgent } from "../../support/user-agent.js";

const HTML = { accept: "text/html" };

type AnswerOf = (agent: UserAgent, user: string, query?: Record<string, string>, provider?: string) => Promise<URL>;

/** Goes as far as the provider's answer, without delivering it: its URL at Authflow. */
async function providersAnswer(agent: UserAgent, start: string, user: string): Promise<URL> {
  const begun = await agent.once(new URL(start));
  return answerAt(begun.headers.get("location") as string, user);
}

await onEveryBackend(t, async (t, env) => {
  const { app, client, url, logIn, exchange, settings } = await loginFixture(t, env);

  const answerOf: AnswerOf = (agent, user, query, name) => providersAnswer(agent, url(query, name), user);

  await t.test("the same callback ends the same way again in its browser, and in no other", async (t) => {
    for (const query of [{}, PKCE]) {
      const agent = new UserAgent(app);
      const callback = await answerOf(agent, "alice", query);
      const first = await agent.open(callback);
      t.match(first.url.href, /access_token=|code=/);
      t.equal((await agent.open(callback)).url.href, first.url.href, "the very same token or code");
      t.match(await new UserAgent(app).open(callback), { status: 410, text: /This login is over/ });
      const altered = new URL(callback);
      altered.searchParams.set("code", "another");
      const other = await agent.open(altered);
      t.match(other, { status: 410, text: /This login is over/ }, "another code is another callback");
      t.match(other.text, /<footer>Request [0-9a-f-]{36}<\/footer>/);
    }
  });

  await t.test("a code that was exchanged is not delivered again: that would end its token", async (t) => {
    const agent = new UserAgent(app);
    const callback = await answerOf(agent, "alice", PKCE);
    const { code = "" } = delivered(await agent.open(callback));
    t.equal(delivered(await agent.open(callback)).code, code, "as long as it is unused");
    const { status, body: { access_token: token } } = await exchange({ ...client, code, code_verifier: VERIFIER });
    t.equal(status, 200);
    const again = await agent.open(callback);
    t.match(again, { status: 410, text: /if the application shows that you are logged in, you are done/ });
    t.match(again.text, /<a href="http[^"]+corp[^"]+">Start again<\/a>/, "with a way forward");
    t.notMatch(again.text, code);
    t.equal((await app.userinfo(token as string)).status, 200);
  });

  await t.test("an answer that names another provider leaves the login as it is", async (t) => {
    for (const parameter of ["code", "error"]) {
      const agent = new UserAgent(app);
      const callback = await answerOf(agent, "alice");
      const foreign = new URL(callback);
      foreign.searchParams.set("iss", "https://other.example");
      if (parameter === "error") foreign.searchParams.delete("code");
      if (parameter === "error") foreign.searchParams.set("error", "access_denied");
      const refused = await agent.once(foreign);
      const location = new URL(refused.headers.get("location") as string);
      t.match(delivered({ url: location }), { error: "server_error", state: "xyz" });
      t.equal(refused.headers.get("set-cookie"), null);
      t.match(app.logs.join(""), /the response's iss is \\"https:\/\/other\.example\\", but the provider is/);
      t.match(delivered(await agent.open(callback)), { access_token: String }, parameter);
    }
  });

  await t.test("a failure ends the same way again too", async (t) => {
    const agent = new UserAgent(app);
    const callback = await answerOf(agent, "alice");
    callback.searchParams.set("code", "that-nobody-issued");
    const first = await agent.open(callback);
    t.match(delivered(first), { error: "server_error" });
    t.equal((await agent.open(callback)).url.href, first.url.href);
  });

  await t.test("of many at once, at two replicas, one asks the provider, and all get its answer", async (t) => {
    const replica = await testApp(t, settings);
    for (const query of [{}, PKCE]) {
      const agent = new UserAgent(app);
      const callback = await answerOf(agent, "alice", query);
      const jar = [...agent.cookies.get("localhost") ?? []].map(([name, value]) => `${name}=${value}`).join("; ");
      const answers = await Promise.all(Array.from({ length: 12 }, (_, i) =>
        (i % 2 ? app : replica).call("GET", callback.pathname + callback.search, { headers: { cookie: jar } })));
      t.strictSame(answers.map(({ status }) => status), Array<number>(12).fill(303));
      t.equal(new Set(answers.map(({ headers }) => headers.location)).size, 1);
      t.match(answers[0]?.headers.location, /access_token=|code=/);
    }
  });

  await t.test("what others make of the address leaves the login as it is", async (t) => {
    const agent = new UserAgent(app);
    const callback = await answerOf(agent, "alice");
    const [address, state] = [callback.pathname + callback.search, callback.searchParams.get("state") as string];
    const cookie = [...agent.cookies.get("localhost") ?? []].map(([name, value]) => `${name}=${value}`).join("; ");
    const strange: [what: string, url: string, headers: Record<string, string>, status: number][] = [
      ["a scanner of links", address, {}, 403],
      ["another browser, with a login of its own", address, { cookie: cookie.replace(/=[^;]+/g, "=x") }, 403],
      ["a prefetch", address, { cookie, "sec-purpose": "prefetch" }, 403],
      ["a prerendering", address, { cookie, "sec-purpose": "prefetch;prerender" }, 403],
      ["an older prefetch", address, { cookie, purpose: "prefetch" }, 403],
      ["Firefox's prefetch", address, { cookie, "x-moz": "prefetch" }, 403],
      ["Safari's preview", address, { cookie, "x-purpose": "preview" }, 403],
      ["no parameter", callback.pathname, { cookie }, 410],
      ["the state alone", `${callback.pathname}?state=${state}`, { cookie }, 400],
      ["the state alone, from elsewhere", `${callback.pathname}?state=${state}`, {}, 403],
      ["two codes", `${address}&code=x`, { cookie }, 400],
      ["a code without end", `${callback.pathname}?state=${state}&code=${"x".repeat(8193)}`, { cookie }, 400],
      ["another provider", address.replace("/corp/", "/other/"), { cookie }, 403],
      ["an unknown provider", address.replace("/corp/", "/nobody/"), { cookie }, 404],
    ];
    for (const [what, url, headers, status] of strange) {
      const answer = await app.call("GET", url, { headers });
      t.equal(answer.status, status, what);
      t.equal(answer.headers["set-cookie"], undefined, what);
      await app.call("HEAD", url, { headers });
    }
    t.match(delivered(await agent.open(callback)), { access_token: String });
  });

  await t.test("a cookie of another login does not serve", async (t) => {
    const agent = new UserAgent(app);
    const callback = await answerOf(agent, "alice");
    const other = new UserAgent(app);
    await other.once(new URL(url()));
    const [stolenName] =
      [...agent.cookies.get("localhost")?.keys() ?? []].filter((name) => name.startsWith("authflow"));
    const [foreign] = [...other.cookies.get("localhost") ?? []].filter(([name]) => name.startsWith("authflow"));
    other.cookies.set("localhost", new Map([[stolenName as string, foreign?.[1] as string]]));
    t.match(await other.open(callback), { status: 403 });
  });

  await t.test("a state belongs to one provider", async (t) => {
    const agent = new UserAgent(app);
    const callback = await answerOf(agent, "alice");
    const elsewhere = new URL(callback.href.replace("/auth/corp/", "/auth/other/"));
    t.match(await agent.open(elsewhere), { status: 403 });
    t.match(delivered(await agent.open(callback)), { access_token: String });
  });

  await t.test("without a state, or with an invented one, there is nothing to finish", async (t) => {
    for (const query of ["", "?code=x", "?code=x&state=", `?code=x&state=${"A".repeat(43)}`,
      "?error=access_denied&state=x"]) {
      const answer = await app.call("GET", `/auth/corp/callback${query}`);
      t.match(answer,
        { status: 410, body: { error: "invalid_request", error_description: /This login is over/ } }, query);
      t.equal(answer.headers.location, undefined);
    }
    t.match(await app.call("GET", "/auth/corp/callback?state=a&state=b"),
      { status: 400, body: { error_description: "state must be given once" } });
    t.match(await app.call("GET", "/auth/nobody/callback?state=a"), { status: 404 });
  });

  await t.test("a person who cancels comes back with access_denied and the state", async (t) => {
    const agent = new UserAgent(app);
    const page = await agent.open(url());
    const [, abort = ""] = /href="([^"]+\/abort)"/.exec(page.text) ?? [];
    const back = await agent.open(new URL(abort, page.url));
    t.match(delivered(back),
      { error: "access_denied", error_description: "The login at Corp was cancelled or refused", state: "xyz" });
    t.equal(delivered(back).access_token, undefined);
    const coded = await agent.open(url({ response_type: "code" }));
    const backToCode = await agent.open(new URL(/href="([^"]+\/abort)"/.exec(coded.text)?.[1] as string, coded.url));
    t.match(backToCode.url.search, /^\?error=access_denied/);
  });

  await t.test("the log says at warn what the provider said, for which client, in one line", async (t) => {
    const agent = new UserAgent(app);
    const begun = await agent.once(new URL(url()));
    const state = new URL(begun.headers.get("location") as string).searchParams.get("state") as string;
    const description = "AADSTS50105: not assigned\r\n{\"level\":60}\u2028 " +
      "Trace ID: 7f1c9a52-1111-4222-8333-444455556666 code 0.AXoA8SecretCodeOf20Characters";
    const query = new URLSearchParams({ state, error: "access_denied", error_description: description });
    const answer = await agent.open(`http://localhost:8080/auth/corp/callback?${query.toString()}`);
    t.strictSame(delivered(answer), {
      error: "access_denied", error_description: "The login at Corp was cancelled or refused", state: "xyz",
    }, "the application is not told");
    const lines = app.logs.slice(-2).map((line) => JSON.parse(line) as { err: { message: string } });
    t.match(lines[0], { level: 40, client_id: client.client_id, provider: "corp", reqId: String });
    t.equal(lines[0]?.err.message, 'the provider answered error access_denied: "AADSTS50105: not assigned  ' +
      '{"level":60}  Trace ID: 7f1c9a52-1111-4222-8333-444455556666 code 0.***"');
    t.match(lines[1], { path: "/auth/corp/callback", status: 303, error: "access_denied", reason: /cancelled/,
      client_id: client.client_id, provider: "corp" });
  });

  await t.test("a client that was disabled meanwhile gets no token", async (t) => {
    const agent = new UserAgent(app);
    const other = await app.register();
    const callback = await answerOf(agent, "alice", { client_id: other.client_id });
    await app.call("PATCH", `/clients/${other.client_id}`, { headers: OPERATOR, payload: { disabled: true } });
    t.match(delivered(await agent.open(callback)), { error: "access_denied" });
  });

  await t.test("an address that was withdrawn meanwhile is not returned to, not even with an error", async (t) => {
    const agent = new UserAgent(app);
    const other = await app.register();
    const callback = await answerOf(agent, "alice", { client_id: other.client_id });
    await app.call("PATCH", `/clients/${other.client_id}`,
      { headers: OPERATOR, payload: { redirect_uris: ["https://new.example/"] } });
    t.match(await agent.open(callback), { status: 403, text: /redirect_uri was removed/ });
    const again = await answerOf(agent, "alice", { client_id: other.client_id }).catch(() => undefined);
    t.equal(again, undefined, "nor can a new login begin");
  });

  await t.test("the answer is 303, sends no referrer, and its cookie goes within a minute", async (t) => {
    const agent = new UserAgent(app);
    const answer = await agent.once(await answerOf(agent, "alice"));
    t.equal(answer.status, 303);
    t.equal(answer.headers.get("referrer-policy"), "no-referrer");
    t.equal(answer.headers.get("cache-control"), "no-store");
    t.match(answer.headers.get("set-cookie"),
      /^authflow-login-[\w-]{16}=[\w.-]+; Max-Age=60; Path=\/; HttpOnly; SameSite=Lax$/);
  });

  await t.test("looking at the addresses (HEAD) begins and ends nothing", async (t) => {
    const agent = new UserAgent(app);
    const callback = await answerOf(agent, "alice");
    t.equal((await app.call("HEAD", callback.pathname + callback.search)).status, 405);
    t.match(delivered(await agent.open(callback)), { access_token: String });
  });

  await t.test("an answer by a form (form_post) finishes the login too", async (t) => {
    const agent = new UserAgent(app);
    const callback = await answerOf(agent, "alice");
    // From another site a browser sends no SameSite=Lax cookie along with a form.
    const posted = await app.call("POST", callback.pathname, {
      headers: { "content-type": "application/x-www-form-urlencoded" }, payload: callback.search.slice(1),
    });
    t.match(posted, { status: 303, headers: { location: /^http:\/\/localhost:8080\/auth\/corp\/callback\?state=/ } });
    t.match(delivered(await agent.open(posted.headers.location as string)), { access_token: String });
    t.match(await app.call("POST", callback.pathname, { headers: HTML, payload: {} }),
      { status: 415, text: /x-www-form-urlencoded/ });
  });

  await t.test("in the course of time", async (t) => {
    const { clock, advance } = manualClock();
    const { app, client, url } = await loginFixture(t, env, { clock });
    const answerOf: AnswerOf = (agent, user, query, name) => providersAnswer(agent, url(query, name), user);

    await t.test("a login that took too long can be started again with one click", async (t) => {
      const agent = new UserAgent(app);
      const callback = await answerOf(agent, "alice", { state: "keep me" });
      advance(601);
      const page = await agent.open(callback);
      t.match(page, { status: 410, text: /<p>This login took too long\.<\/p>/ });
      const [, again = ""] = /<a href="([^"]+)">Start again<\/a>/.exec(page.text) ?? [];
      const link = new URL(again.replaceAll(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code))));
      t.match(Object.fromEntries(link.searchParams),
        { client_id: client.client_id, state: "keep me", response_type: "token" });
      t.equal((await app.call("GET", link.pathname + link.search)).status, 302);
    });

    await t.test("a login that can't be started again by a click any more is over", async (t) => {
      const agent = new UserAgent(app);
      const callback = await answerOf(agent, "alice");
      advance(602 + 3600);
      t.match(await agent.open(callback), { status: 410, text: /This login is over/ });
    });

    await t.test("the same callback gets its answer again for a minute, and not longer", async (t) => {
      const agent = new UserAgent(app);
      const callback = await answerOf(agent, "alice");
      const first = await agent.open(callback);
      advance(59);
      t.equal((await agent.open(callback)).url.href, first.url.href);
      advance(2);
      const late = await agent.open(callback);
      t.match(late, { status: 410, text: /This login is over/ });
      const [, back = ""] = /<a href="([^"]+)" class="quiet">Back to my-app<\/a>/.exec(late.text) ?? [];
      const link = new URL(back.replaceAll(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code))));
      t.match(delivered({ url: link }), { error: "access_denied", state: "xyz" });
    });

    await t.test("a finished login stays finished for as long as its cookie could be shown", async (t) => {
      const agent = new UserAgent(app);
      const callback = await answerOf(agent, "alice");
      const cookies = new Map(agent.cookies.get("localhost"));
      await agent.open(callback);
      for (const seconds of [61, 538]) {
        advance(seconds);
        await app.fastify.logins.sweep();
        agent.cookies.set("localhost", new Map(cookies));
        t.match(await agent.open(callback), { status: 410, text: /This login is over/ });
      }
      advance(3602);
      t.ok(await app.fastify.logins.sweep() > 0, "then its record goes");
      agent.cookies.set("localhost", new Map(cookies));
      t.match(await agent.open(callback), { status: 410, text: /This login is over/ });
    });
  });

  await t.test("abandoned logins do not pile up in a browser", async (t) => {
    for (const state of ["x", "x".repeat(2048)]) {
      const agent = new UserAgent(app);
      for (let i = 0; i < 30; i++) await agent.once(new URL(url({ state })));
      const ours = [...agent.cookies.get("localhost") ?? []].filter(([name]) => name.startsWith("authflow-login-"));
      // nginx and Apache refuse a header of more than about 8 KB.
      const size = ours.map(([name, value]) => name.length + value.length).reduce((sum, one) => sum + one, 0);
      t.ok(size > 2000 && size < 6100, `${ours.length} cookies of ${size} bytes`);
      t.match(delivered(await logIn("alice", { state }, agent)), { access_token: String, state },
        "and the latest login finishes");
    }
  });
});

await t.test("on an https URL the cookie is a __Host- one", async (t) => {
  const { app, url } = await loginFixture(t, {
    AUTHFLOW_PUBLIC_URL: "https://auth.example.com", AUTHFLOW_REGISTRATION: "closed",
    AUTHFLOW_KEY_ENCRYPTION_KEY: Buffer.alloc(32).toString("base64"), AUTHFLOW_ISSUER: "https://auth.example.com",
  });
  const { pathname, search } = new URL(url());
  const { headers } = await app.call("GET", pathname + search);
  t.match(headers["set-cookie"],
    /^__Host-authflow-login-[\w-]{16}=[\w.-]+; Max-Age=4200; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
  t.match(headers.location, /redirect_uri=https%3A%2F%2Fauth\.example\.com%2Fauth%2Fcorp%2Fcallback/);
  const [, name = "", value = ""] = /^([^=]+)=([^;]+)/.exec(headers["set-cookie"] ?? "") ?? [];
  const state = new URL(headers.location as string).searchParams.get("state") as string;
  const callback = `/auth/corp/callback?error=access_denied&state=${state}`;
  const insecure = await app.call("GET", callback, { headers: { cookie: `${name.replace("__Host-", "")}=${value}` } });
  t.equal(insecure.status, 403, "a cookie that a subdomain could have set is not looked at");

  const again = await app.call("GET", pathname + search);
  const [, name2 = "", value2 = ""] = /^([^=]+)=([^;]+)/.exec(again.headers["set-cookie"] ?? "") ?? [];
  const state2 = new URL(again.headers.location as string).searchParams.get("state") as string;
  const finished = await app.call("GET", `/auth/corp/callback?error=access_denied&state=${state2}`,
    { headers: { cookie: `${name2}=${value2}` } });
  t.match(delivered({ url: new URL(finished.headers.location as string) }),
    { error: "access_denied", iss: "https://auth.example.com" },
    "an issuer that is a URL names itself (RFC 9207)");
});

await t.test("claims of a login", async (t) => {
  const { app, logIn } = await loginFixture(t);
  const { access_token: token = "" } = delivered(await logIn("zoë"));
  t.match(decode(token), { sub: "corp|zoë", name: "The zoë" });
  t.equal(decode(token).email_verified, true);
  t.match(await app.userinfo(token), { status: 200 });
});
