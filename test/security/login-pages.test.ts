import t from "../support/tap.js";
import { manualClock, OPERATOR, onEveryBackend, withoutDatabase } from "../support/app.js";
import { authorizeFixture } from "../support/authorize.js";
import { delivered } from "../support/login.js";
import type { Test } from "tap";
import { UserAgent, type Visited } from "../support/user-agent.js";

const HOSTILE = `"><script>alert(1)</script>'&#34;`;
const PAGE = {
  "x-frame-options": "DENY", "x-content-type-options": "nosniff", "referrer-policy": "no-referrer",
  "cache-control": "no-store",
};
const checkPage = (t: Test, page: Visited | Omit<Visited, "url">): void => {
  for (const [name, value] of Object.entries(PAGE)) t.equal(page.headers.get(name), value, name);
  t.match(page.headers.get("content-security-policy"), /default-src 'none'.*base-uri 'none'.*frame-ancestors 'none'/);
  t.notMatch(page.headers.get("content-security-policy"), /unsafe/);
  t.notMatch(page.text, /<script>|javascript:/, "no script of anybody's");
};

await onEveryBackend(t, async (t, env) => {
  const { app, authorize, authorizeUrl } = await authorizeFixture(t, env);

  await t.test("the page of form_post sends the answer by itself, and holds nothing but it", async (t) => {
    const page = await authorize("alice", { response_mode: "form_post", state: HOSTILE });
    t.equal(page.status, 200);
    checkPage(t, page);
    const scripts = [...page.text.matchAll(/<script src="([^"]*)"><\/script>/g)].map(([, url = ""]) => url);
    t.equal(scripts.length, 1);
    const url = "http://localhost:8080/authorize/submit.js";
    t.match(page.headers.get("content-security-policy"), `script-src ${url};`, "no other script runs");
    t.match(await app.call("GET", new URL(url).pathname), { status: 200, text: /submit\(\)/ });
    const [, state = ""] = /name="state" value="([^"]*)"/.exec(page.text) ?? [];
    const read = state.replace(/&#(\d+);/g, (_all, code) => String.fromCharCode(Number(code)))
      .replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&amp;", "&");
    t.equal(read, HOSTILE, "the state comes back unchanged");
  });

  await t.test("the page of providers works whatever provider the request names", async (t) => {
    for (const provider of [undefined, "nobody", HOSTILE, "__proto__", "constructor"]) {
      const agent = new UserAgent(app);
      const page = await agent.open(authorizeUrl({ provider, state: HOSTILE }));
      t.equal(page.status, 200);
      checkPage(t, page);
      const [link = ""] = [...page.text.matchAll(/href="([^"]*)"/g)].map(([, href = ""]) => href)
        .filter((href) => /provider(=|&#61;)corp/.test(href));
      const answer = await agent.once(new URL(link.replaceAll("&amp;", "&").replaceAll("&#61;", "=")
        .replaceAll("&#38;", "&")));
      t.equal(answer.status, 302, String(provider));
      t.match(answer.headers.get("location"), /^http:\/\/localhost:\d+\/auth\?/, "on to the provider");
    }
  });

  await t.test("no value splits an answer, leaves the browser, or is looked up in a prototype", async (t) => {
    const agent = new UserAgent(app);
    const cases: [query: Record<string, string>, status: number][] = [
      [{ state: "a\r\nset-cookie: b=c" }, 400],
      [{ redirect_uri: "https://app.example.com/callback\r\nlocation: https://evil.example" }, 400],
      [{ redirect_uri: "https://app.example.com/callback#x" }, 400],
      [{ redirect_uri: "https://app.example.com/callback/../evil" }, 400],
      [{ redirect_uri: "https://app.example.com%2f@evil.example/callback" }, 400],
      [{ client_id: "__proto__" }, 400], [{ client_id: "constructor" }, 400],
      [{ __proto__x: "1", "constructor.prototype": "1" }, 302],
      [{ state: "x".repeat(2049) }, 400],
    ];
    for (const [query, status] of cases) {
      const answer = await agent.once(new URL(authorizeUrl(query)));
      t.equal(answer.status, status, JSON.stringify(query).slice(0, 80));
      t.notMatch(answer.headers.get("location"), /evil/);
    }
    for (const name of ["client_id", "redirect_uri", "state", "scope", "code_challenge", "nonce", "prompt",
      "response_mode", "response_type", "request_uri"]) {
      const url = new URL(authorizeUrl({ prompt: "login", response_mode: "query", request_uri: "x" }));
      url.searchParams.append(name, "again");
      t.match(await agent.once(url), { status: 400, text: new RegExp(`${name} must be given once`) }, name);
    }
    const long = await agent.once(new URL(authorizeUrl({ login_hint: "x".repeat(2000), state: "y".repeat(2000) })));
    t.match(delivered({ url: new URL(long.headers.get("location") ?? "about:blank") }),
      { error: "invalid_request", error_description: /(state|login_hint) is too long/ });
  });

  await t.test("HEAD starts nothing", async (t) => {
    for (const path of [new URL(authorizeUrl()).pathname + new URL(authorizeUrl()).search, "/authorize/consent"]) {
      const answer = await app.call("HEAD", path);
      t.equal(answer.status, 405);
      t.equal(answer.headers["set-cookie"], undefined);
    }
  });

  await t.test("a consent is the user's own, and not given for what was removed meanwhile", async (t) => {
    const own = await app.register({ name: HOSTILE.slice(0, 60) });
    await app.fastify.database.clients.update(own.client_id, Date.now(), () => ({ isSelfRegistered: true }));
    await app.fastify.clientCache.load(own.client_id);
    const agent = new UserAgent(app);
    const page = await authorize("alice", {}, agent, own);
    t.equal(page.status, 200);
    checkPage(t, page);
    const victim = new UserAgent(app);
    await authorize("bob", {}, victim);
    t.equal((await victim.open(page.url)).status, 403, "another's question is not shown");
    t.equal((await victim.submit(page, { decision: "allow" })).status, 403, "nor answered");
    t.equal((await new UserAgent(app).submit(page, { decision: "allow" })).status, 403, "nor without a session");
    t.equal((await agent.submit(page, { decision: "allow", request: "A".repeat(200) })).status, 410);
    t.equal((await agent.submit(page, { decision: "perhaps" })).status, 400);
    const patch = (payload: object) => app.call("PATCH", `/clients/${own.client_id}`, { headers: OPERATOR, payload });
    const { redirect_uris: uris } = (await app.call("GET", `/clients/${own.client_id}`, { headers: OPERATOR })).body;
    t.equal((await patch({ redirect_uris: ["https://app.example.com/new"] })).status, 200);
    t.match(await agent.submit(page, { decision: "allow" }), { status: 403 }, "the redirect URI was removed");
    await patch({ redirect_uris: uris });
    await patch({ permissions: ["mint"] });
    t.match(await agent.submit(page, { decision: "allow" }), { status: 400 }, "the permission was removed");
    await patch({ permissions: ["login", "mint"], disabled: true });
    t.match(await agent.submit(page, { decision: "allow" }), { status: 403 }, "the client was disabled");
    await patch({ disabled: false });
    t.match(delivered(await agent.submit(page, { decision: "allow" })), { code: String });
    const posted = await agent.open(authorizeUrl({ response_mode: "form_post", prompt: "consent" }, own));
    const answer = await agent.submit(posted, { decision: "allow" });
    t.match(answer, { status: 200, text: /name="code"/ });
    checkPage(t, answer);
  });

  await t.test("each login gives the browser another cookie, which scripts and other sites do not get", async (t) => {
    const agent = new UserAgent(app);
    agent.cookies.set("localhost", new Map([["authflow-session", "planted-by-somebody-else"]]));
    await authorize("alice", {}, agent);
    const cookieOf = () => agent.cookies.get("localhost")?.get("authflow-session");
    const first = cookieOf();
    t.not(first, "planted-by-somebody-else");
    const again = await agent.open(authorizeUrl({ prompt: "login" }));
    await agent.submit(await agent.submit(again, { login: "alice", password: "any" }));
    t.not(cookieOf(), first);
    const thief = new UserAgent(app);
    thief.cookies.set("localhost", new Map([["authflow-session", first ?? ""]]));
    t.match(delivered(await thief.open(authorizeUrl({ prompt: "none" }))), { error: "login_required" });
  });

  await t.test("without the database a request is answered, and nothing fails unhandled", async (t) => {
    // In no time: a client that was read a second ago would be asked for again.
    const { app, client, authorize, authorizeUrl } = await authorizeFixture(t, env, { clock: manualClock().clock });
    const agent = new UserAgent(app);
    await authorize("alice", {}, agent);
    await withoutDatabase(app);
    const answer = await agent.once(new URL(authorizeUrl({ prompt: "none" })));
    t.match(delivered({ url: new URL(answer.headers.get("location") ?? "about:blank") }),
      { error: "temporarily_unavailable", state: "xyz" });
    const pushed = { ...client, ...Object.fromEntries(new URL(authorizeUrl()).searchParams) };
    t.match(await app.call("POST", "/par", {
      headers: { "content-type": "application/x-www-form-urlencoded" },
      payload: new URLSearchParams(pushed).toString(),
    }), { status: 503, body: { error: "temporarily_unavailable" } });
    t.notMatch(app.logs.join(""), /unhandled/i);
  });
});
