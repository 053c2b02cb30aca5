import t from "../../support/tap.js";
import { basic, decode, manualClock, onEveryBackend, OPERATOR, testApp } from "../../support/app.js";
import { delivered, PKCE, VERIFIER } from "../../support/login.js";
import { follow, LOGIN_PAGE, loginPageFixture, onward } from "../../support/login-page.js";
import { UserAgent } from "../../support/user-agent.js";

const FULL = {
  sub: "alice", email: "alice@example.com", email_verified: true, name: "Alice Ähm", acr: "urn:mfa",
  picture: "https://example.com/alice.png", amr: ["pwd", "otp"], auth_time: 1_700_000_000,
  claims: { roles: ["editor"], org: { id: 7 } },
};

await onEveryBackend(t, async (t, env) => {
  const { clock, advance } = manualClock();
  const fixture = await loginPageFixture(t, env, { clock });
  const { app, client, backend, start, challenge, read, accept, reject, logIn } = fixture;
  const replica = await testApp(t, { ...fixture.settings, ...env }, { clock });

  await t.test("the browser is sent to the page with a challenge, and gets one cookie", async (t) => {
    const agent = new UserAgent(app);
    const url = await start({ login_hint: "alice@example.com" }, agent);
    t.equal(url.href.split("&")[0], LOGIN_PAGE, "its own query is kept");
    t.strictSame([...url.searchParams.keys()], ["tenant", "login_challenge"]);
    t.match(url.searchParams.get("login_challenge"), /^[\w.-]{200,600}$/);
    t.equal(agent.cookies.get("localhost")?.size, 1);
    const [cookie = ""] = agent.cookies.get("localhost")?.values() ?? [];
    t.ok(cookie.length > 200 && !url.href.includes(cookie));
  });

  await t.test("a login starts without a row", async (t) => {
    if (!env.DATABASE_URL?.startsWith("file:")) return;
    const { default: Sqlite } = await import("libsql");
    const db = new Sqlite(env.DATABASE_URL.slice("file:".length), { readonly: true });
    const rows = () => ["login_challenges", "finished_logins", "logins"]
      .map((table) => (db.prepare(`SELECT count(*) AS n FROM ${table}`).get() as { n: number }).n);
    const before = rows();
    const login = await challenge();
    await read(login);
    t.strictSame(rows(), before);
    await accept(login);
    t.strictSame(rows(), [(before[0] as number) + 1, ...before.slice(1)]);
    db.close();
  });

  await t.test("the backend reads who asks, and for what", async (t) => {
    const hints = {
      prompt: "login", max_age: "60", login_hint: "alice", ui_locales: "fr-CH fr", acr_values: "urn:mfa",
      domain_hint: "x.example",
    };
    const login = await challenge(hints);
    const answer = await read(login);
    t.equal(answer.status, 200);
    const begun = Math.floor(clock() / 1000);
    t.strictSame(answer.body, {
      client: { client_id: client.client_id, client_name: "my-app", first_party: true },
      provider: "local", scope: "", resource: [], prompt: "login", max_age: 60, login_hint: "alice",
      ui_locales: "fr-CH fr", acr_values: "urn:mfa", min_auth_time: begun,
      created_at: new Date(clock()).toISOString(), expires_at: new Date(clock() + 600_000).toISOString(),
    });
    const plain = await read(await challenge({ max_age: "60" }));
    t.equal(plain.body.min_auth_time, begun - 60);
    t.notHas((await read(await challenge())).body, { min_auth_time: Number });
    t.strictSame((await read(login)).body, answer.body, "any number of times");
  });

  await t.test("an accepted login is a token of the user as /mint would give it", async (t) => {
    const { access_token: token = "", ...rest } = await logIn(FULL);
    t.strictSame(rest, { token_type: "Bearer", expires_in: "3600", state: "xyz" });
    const { iat: _iat, exp: _exp, jti: _jti, ...claims } = decode(token);
    const { claims: further, ...user } = FULL;
    t.strictSame(claims, {
      iss: "authflow-go", client_id: client.client_id, provider: "local", ...user, ...further,
    });
    t.match(await app.userinfo(token), { status: 200, body: { sub: "alice" } });
    t.match(decode((await logIn()).access_token as string), { sub: "alice", auth_time: Math.floor(clock() / 1000) });
    t.match(decode((await logIn({ email: "a@b.c" })).access_token as string), { email_verified: false });
  });

  await t.test("with a code too, and at another replica", async (t) => {
    const agent = new UserAgent(app);
    const login = await challenge(PKCE, agent);
    const there = await replica.call("POST", `/logins/${login}/accept`,
      { headers: basic(backend), payload: { sub: "bob", amr: ["pwd"] } });
    const { code = "", state } = delivered(await follow(agent, there));
    t.equal(state, "xyz");
    const answer = await app.call("POST", "/token", {
      headers: { "content-type": "application/x-www-form-urlencoded", ...basic(client) },
      payload: new URLSearchParams({
        grant_type: "authorization_code", code, redirect_uri: "https://app.example.com/callback",
        code_verifier: VERIFIER,
      }).toString(),
    });
    t.match(decode(answer.body.access_token as string), { sub: "bob", provider: "local", amr: ["pwd"] });
  });

  await t.test("what /mint refuses is refused, in its words", async (t) => {
    const login = await challenge();
    const wrong: [object, number, string, RegExp][] = [
      [{ sub: "" }, 400, "invalid_request", /sub/],
      [{ sub: "a\u0000b" }, 400, "invalid_request", /sub must not hold control/],
      [{ sub: "google|1" }, 403, "access_denied", /reserved for logins through google/],
      [{ sub: "GOOGLE|1" }, 403, "access_denied", /reserved/],
      [{ claims: { iss: "x" } }, 400, "invalid_request", /claims.iss is a reserved name: only Authflow/],
      [{ claims: { SUB: "x" } }, 400, "invalid_request", /may be read as the reserved name sub: use the field sub/],
      [{ claims: { a: "\u202e" } }, 400, "invalid_request", /claims.a/],
      [{ claims: { a: "x".repeat(5000) } }, 400, "invalid_request", /at most 5000 bytes/],
      [{ auth_time: Math.floor(clock() / 1000) + 3600 }, 400, "invalid_request", /auth_time must not be in the future/],
      [{ auth_time: "now" }, 400, "invalid_request", /auth_time/],
      [{ amr: [] }, 400, "invalid_request", /amr/], [{ email: "x" }, 400, "invalid_request", /email/],
      [{ email_verified: true }, 400, "invalid_request", /email_verified needs an email/],
      [{ picture: "http://a.example/a.png" }, 400, "invalid_request", /picture must be an https URL/],
      [{ picture: "javascript:alert(1)" }, 400, "invalid_request", /picture/],
      [{ claims: { sid: "x" } }, 400, "invalid_request", /claims.sid is a reserved name: only Authflow sets it/],
      [{ claims: { picture: "x" } }, 400, "invalid_request", /claims.picture is a reserved name: use the field/],
      [{ provider: "google" }, 400, "invalid_request", /Unknown field provider/],
      [{ audience: "x" }, 400, "invalid_request", /Unknown field audience/],
      [{ sid: "x" }, 400, "invalid_request", /Unknown field sid/],
    ];
    for (const [body, status, error, description] of wrong)
      t.match(await accept(login, body as never), { status, body: { error, error_description: description } });
    t.equal((await accept(login)).status, 200, "none of them used the challenge up");
  });

  await t.test("the policy of the backend's client holds", async (t) => {
    const bound = await app.register({ permissions: ["authenticate"] });
    const set = (policy: object) =>
      app.call("PATCH", `/clients/${bound.client_id}`, { headers: OPERATOR, payload: { policy } });
    const login = await challenge();
    const refused = async (body: object, description: RegExp) => {
      t.match(await accept(login, body as never, bound),
        { status: 403, body: { error: "access_denied", error_description: description } });
    };
    await set({ subject_prefixes: ["shop-"] });
    await refused({}, /sub must begin with a prefix/);
    await set({ subject_prefixes: null, claim_names: ["roles"] });
    await refused({ amr: ["pwd"] }, /amr is not among the claims/);
    await refused({ claims: { org: 1 } }, /claims.org/);
    await set({ claim_names: null, providers: ["sso"] });
    await refused({}, /provider "local" is not among/);
    await set({ providers: ["local"], claim_names: ["roles"], subject_prefixes: ["shop-"] });
    t.equal((await accept(login, { sub: "shop-1", claims: { roles: [] } }, bound)).status, 200,
      "the time that nobody sent needs no permission");
  });

  await t.test("only a client with the permission reads and answers", async (t) => {
    const login = await challenge();
    const asked = await app.register({ permissions: ["mint", "login"] });
    for (const one of [client, asked]) {
      for (const answer of [await read(login, one), await accept(login, {}, one),
        await reject(login, { error: "access_denied" }, one)]) {
        t.match(answer, { status: 403,
          body: { error: "access_denied", error_description: /lacks the permission authenticate/ } });
      }
    }
    t.equal((await read(login, { ...backend, client_secret: "wrong" })).status, 401);
    t.equal((await app.call("GET", `/logins/${login}`)).status, 401);
    t.match(await app.call("POST", `/logins/${login}/accept`, { payload: { sub: "a", ...backend } }),
      { status: 200 }, "the credentials may stand in the body");
  });

  await t.test("a challenge that nobody was given is unknown", async (t) => {
    const login = await challenge();
    const guesses = ["x", login.slice(0, -1), login.toUpperCase(), `${login}A`, "a".repeat(300), "%00", "..%2f..",
      login.replace("v1", "v2")];
    for (const guess of guesses) {
      for (const answer of [await read(guess), await accept(guess), await reject(guess, { error: "access_denied" })])
        t.match(answer, { status: 404, body: { error: "not_found" } }, guess);
    }
  });

  await t.test("the same answer again is the same, so that a lost one can be repeated", async (t) => {
    const agent = new UserAgent(app);
    const login = await challenge({}, agent);
    const first = await accept(login, FULL);
    t.match(onward(first), /^http:\/\/localhost:8080\/auth\/local\/callback\?code=[\w-]{43}&state=[\w-]{43}$/);
    for (const again of [await accept(login, FULL), await accept(login, { ...FULL, auth_time: 1_700_000_001 })])
      t.strictSame([again.status, again.body], [200, first.body]);
    t.match(await read(login), { status: 410, body: { error: "invalid_request", redirect_to: onward(first) } });
    const arrived = await follow(agent, first);
    t.equal(decode(delivered(arrived).access_token as string).auth_time, FULL.auth_time, "the first one counts");
    t.strictSame((await accept(login, FULL)).body, first.body, "also after the browser came back");
    t.equal((await follow(agent, first)).url.href, arrived.url.href, "a double click ends where the first one did");
  });

  await t.test("another answer is refused, and leads to where the person can start again", async (t) => {
    const agent = new UserAgent(app);
    const login = await challenge({}, agent);
    const first = await accept(login);
    const other = await app.register({ permissions: ["authenticate"] });
    const others = [await accept(login, { sub: "bob" }), await reject(login, { error: "access_denied" }),
      await accept(login, {}, other)];
    for (const answer of others) {
      t.match(answer, { status: 409, body: { error: "invalid_request", error_description: /answered before/ } });
      t.notMatch(onward(answer), "code=");
    }
    const page = await follow(agent, others[0] as typeof first);
    t.match(page.text, /Start again/);
    t.match(page.text, /Back to my-app/);
    t.notMatch(onward(await read(login, other)), "code=", "nor does another client learn the code");
    t.match(decode(delivered(await follow(agent, first)).access_token as string), { sub: "alice" });
  });

  await t.test("of many different answers at once one counts", async (t) => {
    const agent = new UserAgent(app);
    const login = await challenge({}, agent);
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => accept(login, { sub: `user-${i}` })));
    const won = answers.flatMap(({ status }, i) => (status === 200 ? [i] : []));
    t.equal(won.length, 1);
    const [index = 0] = won;
    const { access_token: token = "" } = delivered(await follow(agent, answers[index] as (typeof answers)[number]));
    t.match(decode(token), { sub: `user-${index}` });
  });

  await t.test("of many returns at once, at two replicas, all end at one token", async (t) => {
    const agent = new UserAgent(app);
    const accepted = await accept(await challenge({}, agent));
    const elsewhere = new UserAgent(replica);
    for (const [host, jar] of agent.cookies) elsewhere.cookies.set(host, new Map(jar));
    const arrived = await Promise.all(
      Array.from({ length: 50 }, (_, i) => follow(i % 2 ? agent : elsewhere, accepted)));
    t.equal(new Set(arrived.map(({ url }) => url.href)).size, 1);
    t.match(delivered(arrived[0] as typeof arrived[0] & object), { access_token: String });
  });

  await t.test("a stolen address is of no use in another browser", async (t) => {
    const agent = new UserAgent(app);
    const accepted = await accept(await challenge({}, agent));
    const thief = new UserAgent(app);
    await challenge({}, thief);
    const stolen = await follow(thief, accepted);
    t.equal(stolen.status, 403);
    t.match(stolen.text, /started in another browser/);
    t.match(delivered(await follow(agent, accepted)), { access_token: String }, "and the user is not disturbed");
  });

  await t.test("a login that was begun for somebody else does not log anybody in", async (t) => {
    // The attacker sends a challenge of their own to a person, who logs in.
    const attacker = new UserAgent(app);
    const accepted = await accept(await challenge({}, attacker));
    const person = new UserAgent(app);
    t.equal((await follow(person, accepted)).status, 403);
  });

  await t.test("a code of another login does not fit", async (t) => {
    const [one, two] = [new UserAgent(app), new UserAgent(app)];
    const [mine, theirs] = [await accept(await challenge({}, one)), await accept(await challenge({}, two),
      { sub: "victim" })];
    const mixed = new URL(onward(mine));
    mixed.searchParams.set("code", new URL(onward(theirs)).searchParams.get("code") ?? "");
    t.match(delivered(await one.open(mixed)), { error: "server_error", state: "xyz" });
    t.match(delivered(await follow(two, theirs)), { access_token: String }, "and the other one is not disturbed");
  });

  await t.test("a rejected login tells the application why", async (t) => {
    for (const [body, expected] of [
      [{ error: "login_required" }, { error: "login_required", error_description: /not logged in/ }],
      [{ error: "access_denied", error_description: "\"No\" <b>" },
        { error: "access_denied", error_description: "'No' <b>" }],
      [{ error: "unmet_authentication_requirements" }, { error: "unmet_authentication_requirements" }],
    ] as const) {
      const agent = new UserAgent(app);
      const login = await challenge({ prompt: "none" }, agent);
      const answer = await reject(login, body);
      t.strictSame((await reject(login, body)).body, answer.body);
      t.match(delivered(await follow(agent, answer)), { ...expected, state: "xyz" });
    }
    const login = await challenge();
    for (const body of [{}, { error: "invented" }, { error: "access_denied", error_description: "a\nb" },
      { error: "access_denied", error_description: "" }])
      t.match(await reject(login, body), { status: 400, body: { error: "invalid_request" } });
  });

  await t.test("prompt=login and max_age hold when the backend answers", async (t) => {
    const now = (): number => Math.floor(clock() / 1000);
    for (const [query, old] of [[{ prompt: "login" }, 61], [{ max_age: "300" }, 361]] as const) {
      const agent = new UserAgent(app);
      const login = await challenge(query, agent);
      for (const seconds of [old, 86_400, now()]) {
        t.match(await accept(login, { auth_time: now() - seconds }), { status: 400, body: {
          error: "login_required", error_description: /auth_time is before .* ask the user to log in again/,
        } });
      }
      const accepted = await accept(login, { auth_time: now() - old + 2 });
      t.equal(accepted.status, 200, "then the user logs in again");
      t.match(delivered(await follow(agent, accepted)), { access_token: String });
    }
    t.match((await logIn({ auth_time: 1 }, { prompt: "select_account" })), { access_token: String });
    t.match(delivered({ url: await start({ hd: "x.example" }) }),
      { error: "invalid_request", error_description: /hd can't be used/ });
  });

  await t.test("a logout after the answer ends the login", async (t) => {
    const user = "cut-off-after-accept";
    for (const [what, cutOff] of [
      ["the user", () => app.call("POST", "/revocations", { headers: OPERATOR, payload: { sub: user } })],
      ["the application's tokens",
        () => app.call("POST", "/revocations", { headers: OPERATOR, payload: { client_id: client.client_id } })],
    ] as const) {
      const agent = new UserAgent(app);
      const accepted = await accept(await challenge({}, agent), { sub: user });
      advance(1);
      t.equal((await cutOff()).status, 200);
      advance(1);
      t.match(delivered(await follow(agent, accepted)),
        { error: "access_denied", error_description: /logged out since/ }, what);
      t.match(await logIn({ sub: user }), { access_token: String }, "a login after it works");
    }
  });

  await t.test("a backend that lost its permission is not believed", async (t) => {
    for (const payload of [{ disabled: true }, { permissions: ["mint"] }]) {
      const lost = await app.register({ permissions: ["authenticate"] });
      const agent = new UserAgent(app);
      const accepted = await accept(await challenge({}, agent), {}, lost);
      t.equal((await app.call("PATCH", `/clients/${lost.client_id}`, { headers: OPERATOR, payload })).status, 200);
      t.match(delivered(await follow(agent, accepted)),
        { error: "access_denied", error_description: /platform's client/ });
    }
  });

  await t.test("what has expired says so, and leads on", async (t) => {
    const agent = new UserAgent(app);
    const login = await challenge({}, agent);
    const answered = await challenge();
    await accept(answered);
    advance(600);
    for (const answer of [await read(login), await accept(login), await reject(login, { error: "access_denied" }),
      await accept(answered)])
      t.match(answer, { status: 410, body: { error: "invalid_request", error_description: /has expired, at \d{4}-/ } });
    const page = await follow(agent, await read(login));
    t.equal(page.status, 410);
    t.match(page.text, /took too long/);
    t.match(page.text, /Start again/);
  });

  await t.test("an application that was removed or disabled meanwhile gets nothing", async (t) => {
    const agent = new UserAgent(app);
    const other = await app.register();
    const login = await challenge({ client_id: other.client_id }, agent);
    const accepted = await accept(login);
    await app.call("PATCH", `/clients/${other.client_id}`, { headers: OPERATOR, payload: { disabled: true } });
    t.match(delivered(await follow(agent, accepted)), { error: "access_denied" });
    t.match(await read(await challenge()), { status: 200 });
  });

  await t.test("the answers of expired logins are swept", async (t) => {
    advance(86_400);
    t.ok(await app.fastify.loginChallenges.sweep(clock()) > 0);
    t.equal(await app.fastify.loginChallenges.sweep(clock()), 0);
  });

  await t.test("the headers keep challenge and code to themselves", async (t) => {
    const begun = await app.call("GET", `/auth/local?${new URLSearchParams({
      client_id: client.client_id, redirect_uri: "https://app.example.com/callback" }).toString()}`);
    t.match(begun, { status: 302, headers: { "referrer-policy": "no-referrer", "cache-control": "no-store" } });
    const login = new URL(begun.headers.location ?? "").searchParams.get("login_challenge") ?? "";
    for (const answer of [await read(login), await accept(login)])
      t.match(answer.headers, { "cache-control": "no-store", "referrer-policy": "no-referrer" });
    t.equal((await app.call("HEAD", `/logins/${login}`, { headers: basic(backend) })).status, 405);
  });

  await t.test("a browser that prefetches the address does not use it up", async (t) => {
    const agent = new UserAgent(app);
    const accepted = await accept(await challenge({}, agent));
    t.equal((await agent.once(new URL(onward(accepted)), { headers: { "sec-purpose": "prefetch" } })).status, 403);
    t.match(delivered(await follow(agent, accepted)), { access_token: String });
  });

  await t.test("no challenge, code or state is in the log", async (t) => {
    const agent = new UserAgent(app);
    const login = await challenge({}, agent);
    const accepted = await accept(login);
    await follow(agent, accepted);
    await read(login);
    await app.call("GET", `/logins/${login}/nowhere`, { headers: basic(backend) });
    await app.call("POST", `/logins/${login}`, { headers: basic(backend) });
    await app.call("GET", `/LOGINS/${login}`, { headers: basic(backend) });
    const tooLong = await app.fastify.inject({ url: `/logins/${login.repeat(20)}`, headers: basic(backend) });
    t.match(tooLong, { statusCode: 414, body: /"A part of the request's path is too long"/ });
    const log = app.logs.join("");
    t.match(log, /"path":"\/logins\/\*\*\*\/accept"/);
    const { searchParams } = new URL(onward(accepted));
    for (const secret of [login, searchParams.get("code"), searchParams.get("state"), backend.client_secret])
      t.notOk(log.includes((secret as string).slice(8, 40)), `${(secret as string).slice(0, 12)}…`);
  });
});

await t.test("the page of providers names the platform's login as it is set", async (t) => {
  const settings = { AUTHFLOW_LOGIN_URL: LOGIN_PAGE };
  for (const [more, label, written] of [
    [{}, "your account", "your account"], [{ AUTHFLOW_OPERATOR_NAME: "Acme" }, "Acme", "Acme"],
    [{ AUTHFLOW_OPERATOR_NAME: "Acme", AUTHFLOW_LOGIN_LABEL: "A<b>c & \"o\"" }, "A<b>c & \"o\"",
      "A&#60;b&#62;c &#38; &#34;o&#34;"],
  ] as const) {
    const app = await testApp(t, { ...settings, ...more });
    const { client_id } = await app.register();
    t.strictSame((await app.call("GET", "/auth")).body,
      { providers: [{ name: "local", label, url: "http://localhost:8080/auth/local" }] });
    const query = new URLSearchParams({ client_id, redirect_uri: "https://app.example.com/callback" });
    const { text } = await app.call("GET", `/auth?${query.toString()}`, { headers: { accept: "text/html" } });
    t.match(text, `Log in with ${written}</a>`);
    t.notMatch(text, "<b>");
  }
});

await t.test("without the setting there is no such provider, and a policy can exclude it", async (t) => {
  const app = await testApp(t);
  const { client_id } = await app.register();
  const query = new URLSearchParams({ client_id, redirect_uri: "https://app.example.com/callback" }).toString();
  t.equal((await app.call("GET", `/auth/local?${query}`)).status, 404);
  const { app: on, client, start } = await loginPageFixture(t);
  const payload = { policy: { providers: ["google"] } };
  await on.call("PATCH", `/clients/${client.client_id}`, { headers: OPERATOR, payload });
  t.match(delivered({ url: await start() }), { error: "unauthorized_client" });
});

await t.test("a client's own login page takes the place of the deployment's", async (t) => {
  const { app, client, start } = await loginPageFixture(t);
  const policy = { login_url: "https://shop.example.com/login?brand=1" } as object;
  await app.fastify.clients.update(client.client_id, { policy });
  const url = await start();
  t.match(url.href, /^https:\/\/shop\.example\.com\/login\?brand=1&login_challenge=v1\./);
});

await t.test("subjects of the platform are no namespace of a provider", async (t) => {
  const { app, logIn } = await loginPageFixture(t);
  t.match(decode((await logIn({ sub: "local|1" })).access_token as string), { sub: "local|1" });
  t.match(decode(await app.mint({ sub: "local|1" })), { sub: "local|1", provider: "local" });
});
