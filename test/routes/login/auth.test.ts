import t from "../../support/tap.js";
import {
  type Credentials, decode, onEveryBackend, OPERATOR, REDIRECT_URI, testApp, withoutDatabase,
} from "../../support/app.js";
import { CHALLENGE, delivered, loginFixture, PKCE } from "../../support/login.js";
import { answerAt } from "../../support/openid.js";
import { UserAgent } from "../../support/user-agent.js";

const HTML = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };

await onEveryBackend(t, async (t, env) => {
  const { app, client, path, url, logIn } = await loginFixture(t, env);

  await t.test("a login hands the application a token in the fragment, with its state", async (t) => {
    const visited = await logIn("alice");
    t.equal(visited.url.origin + visited.url.pathname, REDIRECT_URI);
    t.equal(visited.url.search, "", "never in a query string");
    const { access_token: token = "", ...rest } = delivered(visited);
    t.strictSame(rest, { token_type: "Bearer", expires_in: "3600", state: "xyz" });
    t.match(decode(token, 0), { alg: "RS256", typ: "JWT" });
    const { iat, exp, jti, ...claims } = decode(token);
    t.strictSame(claims, {
      iss: "authflow-go", sub: "corp|alice", client_id: client.client_id, provider: "corp",
      email: "alice@example.com", email_verified: true, name: "The alice", picture: "https://example.com/alice.png",
    });
    t.match({ iat, exp, jti }, { iat: Number, exp: (iat as number) + 3600, jti: /^[0-9a-f-]{36}$/ });
    t.match(await app.userinfo(token), { status: 200, body: { sub: "corp|alice" } });
    t.equal((await app.logout(token)).status, 200);
    t.equal((await app.userinfo(token)).status, 401);
  });

  await t.test("the browser is sent to the provider with state, nonce and PKCE, and gets one cookie", async (t) => {
    const { status, headers } = await app.call("GET", path());
    t.equal(status, 302);
    const location = new URL(headers.location as string);
    t.match(Object.fromEntries(location.searchParams), {
      response_type: "code", scope: "openid email profile", redirect_uri: "http://localhost:8080/auth/corp/callback",
      state: /^[\w-]{43}$/, nonce: /^[\w-]{43}$/, code_challenge: /^[\w-]{43}$/, code_challenge_method: "S256",
    });
    t.match(headers["set-cookie"],
      /^authflow-login-[\w-]{16}=[\w.-]+; Max-Age=4200; Path=\/; HttpOnly; SameSite=Lax$/);
    t.match(headers, { "cache-control": "no-store", "referrer-policy": "no-referrer" });
  });

  const REFUSED: [what: string, query: Parameters<typeof path>[0], description: RegExp][] = [
    ["no client_id", { client_id: undefined }, /client_id is missing/],
    ["an unknown client_id", { client_id: "01985d2c-0000-7000-8000-000000000000" },
      /no application with this client_id/],
    ["an invalid client_id", { client_id: "x\0y" }, /no application with this client_id/],
    ["no redirect_uri", { redirect_uri: undefined }, /redirect_uri is missing/],
    ["another redirect_uri", { redirect_uri: "https://evil.example/callback" }, /redirect_uri is not registered/],
    ["a redirect_uri with a slash more", { redirect_uri: `${REDIRECT_URI}/` }, /redirect_uri is not registered/],
    ["a redirect_uri with a query more", { redirect_uri: `${REDIRECT_URI}?x=1` }, /redirect_uri is not registered/],
    ["a redirect_uri in other letters", { redirect_uri: REDIRECT_URI.toUpperCase() }, /redirect_uri is not registered/],
    ["a bad client with a good error", { client_id: "x", response_type: "nonsense" }, /no application/],
    ["a state with control characters", { state: "a\nb" }, /state must be printable/],
    ["a state without end", { state: "x".repeat(2049) }, /state .*at most 2048/],
  ];
  for (const [what, query, description] of REFUSED) {
    await t.test(`${what} is answered here, never by a redirect`, async (t) => {
      const json = await app.call("GET", path(query));
      t.match(json, { status: 400, body: { error: String, error_description: description } });
      t.equal(json.headers.location, undefined);
      const page = await app.call("GET", path(query), { headers: HTML });
      t.match(page, { status: 400, headers: { "content-type": "text/html; charset=utf-8" }, text: description });
      t.equal(page.headers.location, undefined);
      t.equal(page.headers["set-cookie"], undefined);
    });
  }

  await t.test("an unknown provider is 404", async (t) => {
    for (const name of ["nobody", "google", "__proto__", "constructor", "%00"])
      t.match(await app.call("GET", path({}, name)), { status: 404, body: { error: "not_found" } }, name);
    t.match(await app.call("GET", path({}, "nobody"), { headers: HTML }),
      { status: 404, text: /<h1>Unknown provider/ });
  });

  await t.test("a parameter that comes twice is refused", async (t) => {
    for (const name of ["client_id", "redirect_uri", "state", "response_type", "code_challenge"])
      t.match(await app.call("GET", `${path()}&${name}=a&${name}=b`),
        { status: 400, body: { error_description: `${name} must be given once` } });
  });

  const SENT_BACK: [what: string, query: Parameters<typeof path>[0], error: string, where: "hash" | "search"][] = [
    ["an unknown response_type", { response_type: "id_token" }, "unsupported_response_type", "hash"],
    ["a challenge without S256", { ...PKCE, code_challenge_method: undefined }, "invalid_request", "search"],
    ["a plain challenge", { ...PKCE, code_challenge_method: "plain" }, "invalid_request", "search"],
    ["an invalid challenge", { ...PKCE, code_challenge: "short" }, "invalid_request", "search"],
    ["a challenge of 42 characters", { ...PKCE, code_challenge: CHALLENGE.slice(1) }, "invalid_request", "search"],
    ["a challenge of 44 characters", { ...PKCE, code_challenge: `${CHALLENGE}A` }, "invalid_request", "search"],
    ["a challenge with padding", { ...PKCE, code_challenge: `${CHALLENGE.slice(1)}=` }, "invalid_request", "search"],
    ["a method without a challenge", { ...PKCE, code_challenge: undefined }, "invalid_request", "search"],
    ["a challenge for a token", { code_challenge: CHALLENGE, code_challenge_method: "S256" }, "invalid_request",
      "hash"],
  ];
  for (const [what, query, error, where] of SENT_BACK) {
    await t.test(`${what} is reported to the application, with its state`, async (t) => {
      const { status, headers } = await app.call("GET", path(query));
      t.equal(status, 302);
      const location = new URL(headers.location as string);
      t.equal(location.origin + location.pathname, REDIRECT_URI);
      t.match(delivered({ url: location }), { error, error_description: String, state: "xyz" });
      t.not(location[where], "", "it stands where the result would have stood");
      t.equal(headers["set-cookie"], undefined);
    });
  }

  await t.test("a state that no cookie can hold is reported to the application", async (t) => {
    const state = "ü".repeat(2048);
    const { status, headers } = await app.call("GET", path({ state }));
    t.match({ status, ...delivered({ url: new URL(headers.location as string) }) },
      { status: 302, error: "invalid_request", error_description: /^state is too long/, state });
    t.equal(headers["set-cookie"], undefined);
  });

  await t.test("where other parameters take the room, the message names them", async (t) => {
    const long = "ü".repeat(255);
    const less = long.slice(1);
    const hints = { login_hint: long, ui_locales: less, acr_values: less, prompt: less, domain_hint: less };
    const { headers } = await app.call("GET", path({ ...hints, state: "x".repeat(250) }));
    t.match(delivered({ url: new URL(headers.location as string) }), {
      error: "invalid_request",
      error_description: /^login_hint is too long: state, redirect_uri and what goes to the provider, .* shorter one$/,
    });
  });

  await t.test("every character of a state comes back as it was sent, and a space as %20", async (t) => {
    const ascii = String.fromCharCode(...Array.from({ length: 0x7f - 0x20 }, (_, i) => 0x20 + i));
    for (const state of [ascii, " + %20%2B ", "Zürich 🚲 日本", "a\u200Bb\u00A0c", "{\"next\":\"/a?b=c&d#e\"}"]) {
      for (const sent of [encodeURIComponent(state), new URLSearchParams({ s: state }).toString().slice(2)]) {
        for (const [type, separator] of [["code", "?"], ["token", "#"]] as const) {
          const start = path({ state: undefined, response_type: type, code_challenge_method: "S256" });
          const { headers: { location = "" } } = await app.call("GET", `${start}&state=${sent}`);
          const [, , raw = ""] = /^([^?#]+)[?#](?:[^#]*&)?state=([^&#]*)/.exec(location) ?? [];
          t.equal(decodeURIComponent(raw), state, `${type} ${sent}`);
          t.ok(location.startsWith(`${REDIRECT_URI}${separator}error=invalid_request&error_description=`));
          t.notMatch(location, "+");
        }
      }
    }
  });

  await t.test("what stands in the query is followed by an empty fragment, so that none is inherited", async (t) => {
    const refused = await app.call("GET", path({ ...PKCE, code_challenge: "short" }));
    t.match(refused.headers.location, /^https:\/\/app\.example\.com\/callback\?error=[^#]+&state=xyz#$/);
    t.match((await logIn("alice", PKCE)).url.href,
      /^https:\/\/app\.example\.com\/callback\?code=[\w-]{43}&state=xyz#$/);
  });

  await t.test("two tabs, two providers and two clients in one browser all finish", async (t) => {
    const agent = new UserAgent(app);
    const second = await app.register({ redirect_uri: "https://second.example.com/cb?keep=1" });
    const other = { client_id: second.client_id,
      redirect_uri: "https://second.example.com/cb?keep=1", response_type: "code" };
    const starts = await Promise.all([
      agent.once(new URL(url({ state: "one" }))), agent.once(new URL(url({ state: "two" }, "other"))),
      agent.once(new URL(url({ ...other, state: "three" }))),
      agent.once(new URL(url({ ...other, state: "four" }, "other"))),
    ]);
    const finished = [];
    for (const { headers } of starts) {
      const page = await agent.open(headers.get("location") as string);
      const next = page.text.includes('name="login"')
        ? await agent.submit(page, { login: "bob", password: "x" }) : page;
      finished.push(next.text === "" ? next : await agent.submit(next));
    }
    t.match(finished.map((one) => delivered(one).state), ["one", "two", "three", "four"]);
    t.match(decode(delivered(finished[0] as never).access_token as string),
      { sub: "corp|bob", client_id: client.client_id });
    t.match(decode(delivered(finished[1] as never).access_token as string), { sub: "other|bob" });
    t.match(finished[2]?.url.href, /^https:\/\/second\.example\.com\/cb\?keep=1&code=[\w-]{43}&state=three#$/);
    t.match(finished[3]?.url.href, /^https:\/\/second\.example\.com\/cb\?keep=1&code=[\w-]{43}&state=four#$/);
  });

  await t.test("a native application's loopback redirect may have any port", async (t) => {
    const registered = ["http://127.0.0.1/cb", "http://localhost:8090/cb"] as const;
    const redirects = { redirect_uri: registered[0], redirect_uris: registered };
    const native = await app.register({ ...redirects, token_endpoint_auth_method: "none" });
    const web = await app.register(redirects);
    const status = async (by: Credentials, redirect_uri: string): Promise<number> =>
      (await app.call("GET", path({ ...PKCE, client_id: by.client_id, redirect_uri }))).status;
    for (const uri of [...registered, "http://127.0.0.1:51234/cb", "http://localhost:51234/cb", "http://localhost/cb"])
      t.equal(await status(native, uri), 302, uri);
    const others = ["http://127.0.0.1:51234/other", "http://localhost:51234/other", "http://[::1]:51234/cb",
      "http://127.0.0.1:51234@evil.example/cb", "http://localhost:51234@evil.example/cb",
      "http://127.0.0.1:99999999/cb", "https://127.0.0.1:51234/cb", "https://localhost:51234/cb",
      "http://127.0.0.1.evil.example/cb", "http://localhost.evil.example/cb", "http://localhost:51234/cb?x=1"];
    for (const uri of others) t.equal(await status(native, uri), 400, uri);
    t.equal(await status(web, "http://127.0.0.1:51234/cb"), 302);
    t.equal(await status(web, "http://localhost:51234/cb"), 400, "one with a secret keeps to its port");
  });

  await t.test("a client is bound to its response types, of which the first is its default", async (t) => {
    const [coder, tokener] =
      [await app.register({ response_types: ["code"] }), await app.register({ response_types: ["token"] })];
    const ask = async (client_id: string, query = {}) =>
      new URL((await app.call("GET", path({ client_id, ...query }))).headers.location as string);
    t.match(delivered({ url: await ask(coder.client_id, { response_type: "token" }) }),
      { error: "unauthorized_client" });
    t.match(delivered({ url: await ask(tokener.client_id, { response_type: "code" }) }),
      { error: "unauthorized_client" });
    t.match((await ask(coder.client_id)).hostname, "localhost", "on the way to the provider");
    await app.call("PATCH", `/clients/${coder.client_id}`,
      { headers: OPERATOR, payload: { response_types: ["token"] } });
    t.match((await ask(coder.client_id, { response_type: "token" })).hostname, "localhost");
  });

  await t.test("a parameter without a value counts as omitted (RFC 6749 §3.1)", async (t) => {
    const empty = { response_type: "", state: "", code_challenge: "", code_challenge_method: "" };
    const { url } = await logIn("alice", empty);
    t.match(delivered({ url }), { access_token: /^ey/ });
    t.notOk(url.hash.includes("state"), "no state was sent");
    for (const name of ["client_id", "redirect_uri"])
      t.match(await app.call("GET", path({ [name]: "" })),
        { status: 400, body: { error: "invalid_request", error_description: new RegExp(`^${name} is missing`) } });
    const { headers } = await app.call("GET", path({ ...PKCE, code_challenge: "" }));
    t.match(delivered({ url: new URL(headers.location as string) }),
      { error: "invalid_request", error_description: /code_challenge_method needs/ });
    t.match(await app.call("GET", `${path()}&state=`),
      { status: 400, body: { error_description: /state must be given/ } }, "repeated all the same");
  });

  await t.test("a parameter without a value counts as omitted in the provider's answer too", async (t) => {
    const agent = new UserAgent(app);
    const { headers } = await agent.once(new URL(url()));
    const answer = await answerAt(headers.get("location") as string, "alice");
    answer.search += "&error=&error_description=";
    t.match(delivered(await agent.open(answer)), { access_token: /^ey/, state: "xyz" });
  });

  await t.test("a public client must use PKCE", async (t) => {
    const spa = await app.register({ token_endpoint_auth_method: "none" });
    t.equal(spa.client_secret, undefined);
    const { headers } = await app.call("GET", path({ client_id: spa.client_id }));
    t.match(delivered({ url: new URL(headers.location as string) }),
      { error: "invalid_request", error_description: /PKCE/ });
  });

  await t.test("a client's policy bounds logins too", async (t) => {
    const bound = await app.register();
    const policy = { providers: ["other", "local"], max_ttl: 60, default_audience: ["api"],
      at_jwt_audiences: ["api"] };
    await app.call("PATCH", `/clients/${bound.client_id}`, { headers: OPERATOR, payload: { policy } });
    const refused = await app.call("GET", path({ client_id: bound.client_id }));
    t.match(delivered({ url: new URL(refused.headers.location as string) }),
      { error: "unauthorized_client", state: "xyz" });
    const { access_token: token = "", expires_in } =
      delivered(await logIn("carol", { client_id: bound.client_id }, undefined, "other"));
    t.equal(expires_in, "60");
    t.match(decode(token, 0), { typ: "at+jwt" });
    t.match(decode(token), { aud: "api", sub: "other|carol" });
  });

  await t.test("a disabled client's users see it on a page", async (t) => {
    const disabled = await app.register();
    await app.call("PATCH", `/clients/${disabled.client_id}`, { headers: OPERATOR, payload: { disabled: true } });
    t.match(await app.call("GET", path({ client_id: disabled.client_id })),
      { status: 400, body: { error_description: /disabled/ } });
  });

  await t.test("a subject of a configured provider can't be minted", async (t) => {
    t.match(await app.call("POST", "/mint", { payload: { ...client, sub: "corp|alice" } }),
      { status: 403, body: { error: "access_denied" } });
  });
});

await t.test("GET /auth lists the providers that are on", async (t) => {
  const app = await testApp(t, { GOOGLE_CLIENT_ID: "g", GOOGLE_CLIENT_SECRET: "s",
    GITHUB_CLIENT_ID: "h", GITHUB_CLIENT_SECRET: "s" });
  const { status, body } = await app.call("GET", "/auth");
  t.equal(status, 200);
  t.strictSame(body, { providers: [
    { name: "google", label: "Google", url: "http://localhost:8080/auth/google" },
    { name: "github", label: "GitHub", url: "http://localhost:8080/auth/github" },
  ] });
  const page = await app.call("GET", '/auth?client_id=a&state="><script>', { headers: HTML });
  t.match(page.headers["content-security-policy"], /^default-src 'none';style-src 'sha256-/);
  t.match(page.text, 'href="http://localhost:8080/auth/google?client_id&#61;a&#38;state&#61;');
  t.notMatch(page.text, "<script");
  const aimless = await app.call("GET", "/auth", { headers: HTML });
  t.match(aimless.text, /Providers: Google, GitHub\./);
  t.notMatch(aimless.text, "href");
  const bare = await testApp(t);
  t.strictSame((await bare.call("GET", "/auth")).body, { providers: [] });
  t.match((await bare.call("GET", "/auth", { headers: HTML })).text,
    /No provider is switched on: set AUTHFLOW_LOGIN_URL/);
});

await t.test("to start a login writes nothing: it works while the database is away", async (t) => {
  const now = Date.now();
  const { app, path } = await loginFixture(t, {}, { clock: () => now }); // so that the client stays in memory
  t.equal((await app.call("GET", path())).status, 302);
  await withoutDatabase(app);
  t.match(await app.call("GET", path()), { status: 302, headers: { location: /\/auth\?/, "set-cookie": String } });
});

await t.test("the page of providers names the application, if client and redirect_uri match", async (t) => {
  const app = await testApp(t, { GOOGLE_CLIENT_ID: "g", GOOGLE_CLIENT_SECRET: "s",
    GITHUB_CLIENT_ID: "h", GITHUB_CLIENT_SECRET: "s", AUTHFLOW_OPERATOR_NAME: "Acme \"ID\"" });
  const logo_uri = "https://cdn.example.com/a,b;c.png?x='";
  const { client_id } = await app.register({ name: "Acme Shop", logo_uri });
  const page = (query: object, path = "/auth") =>
    app.call("GET", `${path}?${new URLSearchParams({ client_id, ...query }).toString()}`, { headers: HTML });
  const known = await page({ redirect_uri: REDIRECT_URI, state: "a b" });
  t.match(known.text, /<title>Log in to Acme Shop – Acme &#34;ID&#34;<\/title>/);
  t.match(known.text, /<h1>Log in to Acme Shop<\/h1>.*Log in with Google<.*Log in with GitHub<.*>Back to Acme/s);
  t.match(known.text, '<img class="logo" src="https://cdn.example.com/a,b;c.png?x&#61;&#39;" alt="">');
  t.match(known.headers["content-security-policy"], /;img-src https:\/\/cdn\.example\.com;base-uri/);
  t.match(known.text, "callback#error&#61;access_denied");
  t.match(known.text, "state&#61;a%20b");
  for (const other of [{}, { redirect_uri: "https://evil.example/" }, { redirect_uri: REDIRECT_URI, client_id: "x" }]) {
    const { status, text, headers } = await page(other);
    t.equal(status, 200);
    t.match(text, /<h1>Log in<\/h1>/);
    t.notMatch(text, /Acme Shop|evil\.example\/#|cdn\.example/);
    t.notMatch(headers["content-security-policy"], /img-src/);
  }
  await app.call("PATCH", `/clients/${client_id}`,
    { headers: OPERATOR, payload: { policy: { providers: ["github"] }, logo_uri: null } });
  const bound = await page({ redirect_uri: REDIRECT_URI });
  t.notMatch(bound.text, /Google|<img/, "only the providers that its policy allows");
  t.match(bound.text, /Log in with GitHub/);
  const unknown = await page({ redirect_uri: REDIRECT_URI, state: "x" }, "/auth/nobody");
  t.match(unknown, { status: 404, text: /<a href="[^"]+\/auth\?client_id[^"]+state&#61;x">Choose another one</ });
});

await t.test("a logo is an https URL", async (t) => {
  const app = await testApp(t);
  const register = (logo_uri: unknown) => app.call("POST", "/clients",
    { headers: OPERATOR, payload: { name: "a", redirect_uri: REDIRECT_URI, logo_uri } });
  for (const url of ["https://a.example/logo.png", "http://localhost:3000/a", "https://[::1]/"])
    t.match(await register(url), { status: 201, body: { logo_uri: url } });
  for (const url of ["http://a.example/logo.png", "javascript:alert(1)", "data:image/png;base64,AAAA", "//a.example/",
    "https://user@a.example/", "https://a.example/ü", "https://a.example/\n", "", "a", 1,
    `https://a.example/${"x".repeat(2048)}`])
    t.match(await register(url), { status: 400, body: { error_description: /logo_uri/ } }, String(url));
});
