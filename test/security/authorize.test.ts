import t from "../support/tap.js";
import { basic, decode, onEveryBackend, OPERATOR, REDIRECT_URI, testApp } from "../support/app.js";
import { authorizeFixture } from "../support/authorize.js";
import { delivered, VERIFIER } from "../support/login.js";
import { postForm, refresh, startAuthorized } from "../support/refresh.js";
import { UserAgent } from "../support/user-agent.js";

const AT_ONCE = 50;
const atOnce = <T>(task: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: AT_ONCE }, (_, index) => task(index)));

await onEveryBackend(t, async (t, env) => {
  const fixture = await authorizeFixture(t, { ...env, AUTHFLOW_RATE_LIMIT_LOGIN: "100000" });
  const { app, client, settings, authorize, authorizeUrl, redeem } = fixture;
  const replica = await testApp(t, { ...env, ...settings });
  const replicas = [app, replica];
  const cutOff = (payload: object) => app.call("POST", "/revocations", { headers: OPERATOR, payload });
  const silently = (agent: UserAgent, query = {}) => agent.open(authorizeUrl({ prompt: "none", ...query }));
  const codeForm = (code: string) =>
    ({ grant_type: "authorization_code", code, redirect_uri: REDIRECT_URI, code_verifier: VERIFIER });

  await t.test("a code is good once, at whichever replica, and then nothing of it is left", async (t) => {
    const code = delivered(await authorize("alice")).code as string;
    const answers = await atOnce((index) =>
      postForm(replicas[index % 2] as typeof app, "/token", codeForm(code), basic(client)));
    const given = answers.filter(({ status }) => status === 200);
    t.ok(given.length <= 1, `${given.length} got tokens`);
    t.equal(answers.filter(({ status, body }) => status === 400 && body.error === "invalid_grant").length,
      AT_ONCE - given.length);
    for (const { body } of given) {
      for (const one of replicas) t.equal((await one.userinfo(body.access_token as string)).status, 401);
      t.match(await refresh(replica, client, body.refresh_token as string), { body: { error: "invalid_grant" } });
    }
  });

  await t.test("a code that comes again and again ends only what it gave", async (t) => {
    const agent = new UserAgent(app);
    const old = await authorize("alice", {}, agent);
    t.equal((await redeem(old)).status, 200);
    t.equal((await redeem(old)).status, 400);
    const later = await redeem(await silently(agent));
    t.equal(later.status, 200);
    const entries = async () => (await app.fastify.database.revocations.read(0, 10_000)).entries.length;
    const before = await entries();
    t.equal((await redeem(old)).status, 400);
    t.equal((await app.userinfo(later.body.access_token as string)).status, 200, "a later login of the session lives");
    t.equal(await entries(), before, "and the log does not grow");
  });

  await t.test("a code is bound to its client, redirect URI and verifier", async (t) => {
    const other = await app.register();
    const visited = await authorize("alice");
    for (const [form, by] of [
      [{}, other],
      [{ redirect_uri: "https://app.example.com/other" }, client],
      [{ code_verifier: "x".repeat(43) }, client],
      [{ code_verifier: undefined }, client],
    ] as const) t.match(await redeem(visited, form, by), { status: 400, body: { error: "invalid_grant" } });
    t.equal((await redeem(visited)).status, 200, "none of these used it up");
    const downgraded = await authorize("alice", { code_challenge: undefined, code_challenge_method: undefined });
    t.match(await redeem(downgraded), { status: 400, body: { error: "invalid_grant" } }, "the challenge was removed");
  });

  await t.test("a session that is ended while a code is issued gives no token", async (t) => {
    for (const by of ["sid", "sub"] as const) {
      const agent = new UserAgent(app);
      const { body } = await redeem(await authorize("bob", {}, agent));
      const value = decode(body.access_token as string)[by];
      // The look at the session comes first, then the cut-off, then the code.
      const { authorizationCodes: codes } = app.fastify;
      const issue = codes.issue.bind(codes);
      codes.issue = async (...given) => { await cutOff({ [by]: value }); return issue(...given); };
      const visited = await silently(agent);
      codes.issue = issue;
      const { code } = delivered(visited);
      t.match(code === undefined ? { status: 400 } : await redeem(visited), { status: 400 }, by);
    }
  });

  await t.test("a cut-off at each step ends what comes after it", async (t) => {
    for (const name of ["sub", "sid", "client_id"] as const) {
      const own = await app.register();
      const agent = new UserAgent(app);
      const user = `carol-${name.replace("_", "-")}`;
      const { body } = await redeem(await authorize(user, {}, agent, own), {}, own);
      const claims = decode(body.access_token as string);
      const pending = await agent.open(authorizeUrl({}, own));
      t.match(delivered(pending), { code: String });
      t.equal((await cutOff({ [name]: claims[name] })).status, 200);
      t.match(await redeem(pending, {}, own), { status: 400, body: { error: "invalid_grant" } }, `${name}: code`);
      t.equal((await app.userinfo(body.access_token as string)).status, 401, `${name}: access token`);
      t.match(await refresh(replica, own, body.refresh_token as string ?? "x"), { status: 400 }, `${name}: refresh`);
      const after = delivered(await agent.open(authorizeUrl({ prompt: "none" }, own)));
      t.match(after, name === "client_id" ? { code: String } : { error: "login_required" }, `${name}: session`);
    }
  });

  await t.test("what the client may do is asked again at each step", async (t) => {
    const own = await app.register();
    const patch = (payload: object) =>
      app.call("PATCH", `/clients/${own.client_id}`, { headers: OPERATOR, payload });
    const policy = { audiences: ["https://a.example"], scopes: ["read", "write"] };
    t.equal((await patch({ policy })).status, 200);
    const query = { scope: "openid read write", resource: "https://a.example" };
    const narrowed = await authorize("dora", query, new UserAgent(app), own);
    await patch({ policy: { ...policy, scopes: ["read"] } });
    const { status, body } = await redeem(narrowed, {}, own);
    t.equal(status, 200);
    t.equal(body.scope, "openid read", "a scope that the policy lost since the request");
    await patch({ policy });
    const unlisted = await authorize("dora", query, new UserAgent(app), own);
    await patch({ policy: { ...policy, scopes: null } });
    t.equal((await redeem(unlisted, {}, own)).body.scope, "openid", "null: the deployment's scopes, of which are none");
    await patch({ policy: { ...policy, scopes: ["read"] } });
    const elsewhere = await authorize("dora", { ...query, scope: "openid read" }, new UserAgent(app), own);
    await patch({ policy: { audiences: ["https://b.example"], scopes: ["read"] } });
    t.match(await redeem(elsewhere, {}, own), { status: 400, body: { error: "invalid_target" } });
    await patch({ policy: {} });
    const other = await authorize("dora", {}, new UserAgent(app), own);
    await patch({ policy: { providers: ["other"] } });
    t.match(await redeem(other, {}, own), { status: 400, body: { error: "unauthorized_client" } });
    await patch({ policy: {}, disabled: true });
    t.match(await redeem(other, {}, own), { status: 401 });
    t.equal((await new UserAgent(app).open(authorizeUrl({}, own))).status, 400);
  });

  await t.test("only an ID token that this client got is an id_token_hint", async (t) => {
    const other = await app.register();
    const agent = new UserAgent(app);
    const { body } = await redeem(await authorize("alice", {}, agent));
    const { access_token: access, id_token: id } = body as Record<string, string>;
    const foreign = await redeem(await agent.open(authorizeUrl({}, other)), {}, other);
    const [header, payload, signature = ""] = (id ?? "").split(".");
    const none = Buffer.from(JSON.stringify({ alg: "none", typ: "JWT" })).toString("base64url");
    const minted = await app.mint({ sub: "alice", audience: client.client_id }, client);
    const hints: Record<string, string> = {
      "of another client": foreign.body.id_token as string,
      "an access token": access ?? "",
      "a minted token for this client as its audience": minted,
      "alg none": `${none}.${payload}.`,
      "no signature": `${header}.${payload}.`,
      "another signature": `${header}.${payload}.${signature.split("").reverse().join("")}`,
    };
    for (const [what, hint] of Object.entries(hints)) {
      const answer = delivered(await agent.open(authorizeUrl({ id_token_hint: hint, prompt: "none" })));
      t.match(answer, { error: "invalid_request", error_description: /id_token_hint/ }, what);
    }
    t.match(delivered(await silently(agent, { id_token_hint: id })), { code: String });
    t.equal((await app.userinfo(id ?? "")).status, 401, "nor is it an access token");
    const assertion = { client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" };
    t.match(await postForm(app, "/token",
      { grant_type: "client_credentials", client_assertion: id ?? "", ...assertion }),
    { status: 401, body: { error: "invalid_client" } }, "nor an assertion");
    t.match(await refresh(app, client, id ?? ""), { body: { error: "invalid_grant" } });
  });

  await t.test("a pushed request is one client's, once, at whichever replica", async (t) => {
    const other = await app.register();
    const query = Object.fromEntries(new URL(authorizeUrl({ state: "pushed" })).searchParams);
    const push = async () => (await postForm(app, "/par", query, basic(client))).body.request_uri as string;
    const agent = new UserAgent(app);
    await authorize("alice", {}, agent);
    const cookie = [...agent.cookies.get("localhost") ?? []].map((pair) => pair.join("=")).join("; ");
    const open = (request_uri: string, more: Record<string, string> = {}, one = app) => one.call("GET",
      `/authorize?${new URLSearchParams({ client_id: client.client_id, request_uri, ...more }).toString()}`,
      { headers: { cookie, accept: "text/html" } });
    const uri = await push();
    t.equal((await open(uri, { client_id: other.client_id })).status, 400, "another client's");
    const answers = await atOnce((index) => open(uri, {}, replicas[index % 2]));
    const codes = answers.filter(({ headers }) => /[?&]code=/.test(headers.location ?? ""));
    t.equal(codes.length, 1, "one code");
    const changed = await open(await push(), {
      redirect_uri: "https://evil.example/", state: "other", scope: "admin", response_mode: "fragment", prompt: "login",
    });
    t.match(changed.headers.location, /^https:\/\/app\.example\.com\/callback\?code=.*state=pushed/);
    t.equal((await open(await push(), { client_id: "" })).status, 400);
  });

  await t.test("a refresh token gives no more than was granted", async (t) => {
    const granted = await startAuthorized(app, client);
    for (const more of [{ scope: "openid admin" }, { resource: "https://c.example" }] as Record<string, string>[])
      t.match(await refresh(app, client, granted, more), { status: 400, body: { error: /invalid_(scope|target)/ } });
    const other = await app.register();
    t.match(await refresh(app, other, granted), { status: 400, body: { error: "invalid_grant" } });
  });
});
