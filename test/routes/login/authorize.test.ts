import t from "../../support/tap.js";
import { basic, decode, onEveryBackend, OPERATOR, REDIRECT_URI } from "../../support/app.js";
import { authorizeFixture } from "../../support/authorize.js";
import { delivered } from "../../support/login.js";
import { UserAgent } from "../../support/user-agent.js";

const ISSUER = "http://localhost:8080";

await onEveryBackend(t, async (t, env) => {
  const { app, client, authorizeUrl, authorize, redeem } = await authorizeFixture(t, env);

  await t.test("a login gives a code for an access token and an ID token", async (t) => {
    const visited = await authorize("alice");
    t.equal(visited.url.href.split("?")[0], REDIRECT_URI);
    const answer = delivered(visited);
    t.match(answer, { state: "xyz", iss: ISSUER, code: /.{40}/ });
    const { status, body } = await redeem(visited);
    t.equal(status, 200);
    t.match(body, { token_type: "Bearer", expires_in: 3600, scope: "openid profile email" });
    const token = decode(body.access_token as string);
    t.match(token, {
      iss: ISSUER, sub: "corp|alice", client_id: client.client_id, scope: "openid profile email", provider: "corp",
      email: "alice@example.com", name: "The alice", sid: /.{20}/, auth_time: Number, jti: String,
    });
    t.equal(token.aud, undefined);
    const idToken = decode(body.id_token as string);
    t.match(idToken, {
      iss: ISSUER, sub: "corp|alice", aud: client.client_id, azp: client.client_id, nonce: "n-0S6", at_hash: /^.{22}$/,
      sid: token.sid, auth_time: token.auth_time,
    });
    t.equal(idToken.email, undefined, "OpenID Connect Core §5.4");
    const userinfo = await app.userinfo(body.access_token as string);
    t.strictSame(userinfo.body, {
      sub: "corp|alice", email: "alice@example.com", email_verified: true, name: "The alice",
      picture: "https://example.com/alice.png",
    });
    t.equal((await app.userinfo(body.id_token as string)).status, 401, "an ID token is no access token");
  });

  await t.test("scopes decide what is said about the user", async (t) => {
    const { body } = await redeem(await authorize("bob", { scope: "openid email" }));
    t.strictSame((await app.userinfo(body.access_token as string)).body,
      { sub: "corp|bob", email: "bob@example.com", email_verified: true });
    const plain = await redeem(await authorize("bob", { scope: undefined }));
    t.equal(plain.body.id_token, undefined, "OAuth without OpenID Connect");
    t.match(await app.userinfo(plain.body.access_token as string),
      { status: 403, body: { error: "insufficient_scope" } });
    const wanted = JSON.stringify({ userinfo: { name: { essential: true } }, id_token: { email: null } });
    const single = await redeem(await authorize("bob", { scope: "openid", claims: wanted }));
    t.strictSame((await app.userinfo(single.body.access_token as string)).body, { sub: "corp|bob", name: "The bob" });
    t.match(decode(single.body.id_token as string), { email: "bob@example.com" });
  });

  await t.test("a client whose library does not ask userinfo gets the claims in the ID token", async (t) => {
    const other = await app.register();
    const payload = { policy: { id_token_claims: true } };
    await app.call("PATCH", `/clients/${other.client_id}`, { headers: OPERATOR, payload });
    const { body } = await redeem(await authorize("judy", { scope: "openid email" }, undefined, other), {}, other);
    t.match(decode(body.id_token as string), { email: "judy@example.com", email_verified: true });
    t.equal(decode(body.id_token as string).name, undefined);
  });

  await t.test("a user who is logged in comes straight back, to every client", async (t) => {
    const agent = new UserAgent(app);
    const first = await redeem(await authorize("carol", {}, agent));
    const other = await app.register();
    const again = await agent.open(authorizeUrl({}, other));
    const second = await redeem(again, {}, other);
    const sids = [first, second].map(({ body }) => decode(body.access_token as string).sid);
    t.equal(sids[0], sids[1], "one session");
    t.match(delivered(await agent.open(authorizeUrl({ prompt: "none" }))), { code: String, iss: ISSUER });
    t.match(delivered(await new UserAgent(app).open(authorizeUrl({ prompt: "none" }))),
      { error: "login_required", state: "xyz", iss: ISSUER });
  });

  await t.test("a session that ends takes its tokens, codes and cookie with it", async (t) => {
    const agent = new UserAgent(app);
    const { body } = await redeem(await authorize("dave", {}, agent));
    const pending = await agent.open(authorizeUrl());
    const { sid } = decode(body.access_token as string);
    t.equal((await app.call("POST", "/revocations", { headers: OPERATOR, payload: { sid } })).status, 200);
    t.equal((await app.userinfo(body.access_token as string)).status, 401);
    t.match(await redeem(pending), { status: 400, body: { error: "invalid_grant" } });
    t.match(delivered(await agent.open(authorizeUrl({ prompt: "none" }))), { error: "login_required" });
  });

  await t.test("a code that is used twice ends what it gave", async (t) => {
    const visited = await authorize("erin");
    const { body } = await redeem(visited);
    t.match(await redeem(visited), { status: 400, body: { error: "invalid_grant" } });
    t.equal((await app.userinfo(body.access_token as string)).status, 401);
  });

  await t.test("errors go to the application, in the way that it asked for", async (t) => {
    const agent = new UserAgent(app);
    const cases: [query: Record<string, string | undefined>, error: string][] = [
      [{ response_type: "token" }, "unsupported_response_type"],
      [{ response_type: undefined }, "invalid_request"],
      [{ code_challenge_method: "plain" }, "invalid_request"],
      [{ code_challenge_method: undefined }, "invalid_request"],
      [{ prompt: "none login" }, "invalid_request"],
      [{ prompt: "create" }, "invalid_request"],
      [{ max_age: "-1" }, "invalid_request"],
      [{ claims: "[]" }, "invalid_request"],
      [{ request: "eyJ.e30." }, "request_not_supported"],
      [{ request_uri: "https://app.example.com/request" }, "request_uri_not_supported"],
      [{ registration: "{}" }, "registration_not_supported"],
      [{ scope: "openid admin" }, "invalid_scope"],
      [{ resource: "relative" }, "invalid_target"],
      [{ id_token_hint: "eyJ.e30." }, "invalid_request"],
      [{ response_mode: "jwt" }, "invalid_request"],
    ];
    for (const [query, error] of cases) {
      const answer = await agent.once(new URL(authorizeUrl(query)));
      const location = new URL(answer.headers.get("location") ?? "about:blank");
      t.match(delivered({ url: location }), { error, state: "xyz", iss: ISSUER, error_description: String },
        JSON.stringify(query));
      t.equal(location.origin, "https://app.example.com");
    }
    const fragment = await agent.once(new URL(authorizeUrl({ response_mode: "fragment", prompt: "none login" })));
    t.match(fragment.headers.get("location"), /\/callback#error=/);
    const posted = await agent.open(authorizeUrl({ response_mode: "form_post", prompt: "none login" }));
    t.match(posted, { status: 200, text: /<form method="post" action="https:\/\/app\.example\.com\/callback">/ });
    t.match(posted.text, /name="error" value="invalid_request"/);
  });

  await t.test("errors about client and redirect URI never leave", async (t) => {
    const agent = new UserAgent(app);
    for (const query of [{ client_id: undefined }, { client_id: "nobody" }, { redirect_uri: undefined },
      { redirect_uri: "https://evil.example/" }]) {
      const answer = await agent.once(new URL(authorizeUrl(query)));
      t.match(answer, { status: 400 }, JSON.stringify(query));
      t.equal(answer.headers.get("location"), null);
    }
  });

  await t.test("a form post is the same request", async (t) => {
    const url = new URL(authorizeUrl());
    const answer = await app.call("POST", "/authorize", {
      headers: { "content-type": "application/x-www-form-urlencoded" }, payload: url.search.slice(1),
    });
    t.match(answer, { status: 303, headers: { location: url.href.replaceAll("%20", "+") } });
  });

  await t.test("a pushed request is used once", async (t) => {
    const form = (changes = {}) => {
      const query = new URL(authorizeUrl(changes)).searchParams;
      query.delete("provider");
      return app.call("POST", "/par", {
        headers: { ...basic(client), "content-type": "application/x-www-form-urlencoded" }, payload: query.toString(),
      });
    };
    const pushed = await form();
    t.match(pushed, { status: 201, body: { request_uri: /^urn:ietf:params:oauth:request_uri:/, expires_in: Number } });
    const { request_uri } = pushed.body as { request_uri: string };
    const url = `${ISSUER}/authorize?${new URLSearchParams({
      client_id: client.client_id, request_uri, provider: "corp" }).toString()}`;
    const agent = new UserAgent(app);
    const answers = await Promise.all(Array.from({ length: 50 }, () => agent.once(new URL(url))));
    t.equal(answers.filter(({ status, headers }) => status === 302
      && !headers.get("location")?.startsWith(REDIRECT_URI)).length, 1, "one of many goes on");
    t.match(await form({ scope: "admin" }), { status: 400, body: { error: "invalid_scope" } });
    t.match(await form({ request_uri }), { status: 400, body: { error: "invalid_request" } });
  });

  await t.test("without a provider in the request the person chooses", async (t) => {
    const page = await new UserAgent(app).open(authorizeUrl({ provider: undefined }));
    t.match(page.text, /<h1>Log in to my-app<\/h1>/);
    t.match(page.text.replaceAll("&#61;", "="), /\/authorize\?[^"]*provider=corp/);
    t.match(page.text.replaceAll("&#61;", "="), /\/authorize\?[^"]*provider=other/);
  });

  await t.test("an application with a scheme of its own gets the code there", async (t) => {
    const redirect_uri = "cursor://anysphere.cursor-mcp/oauth/callback";
    const editor = await app.register({ redirect_uri });
    const visited = await authorize("alice", { redirect_uri }, undefined, editor);
    t.match(visited.url.href, /^cursor:\/\/anysphere\.cursor-mcp\/oauth\/callback\?code=/);
    t.equal((await redeem(visited, { redirect_uri }, editor)).status, 200);
    const other = { redirect_uri: "cursor://anysphere.cursor-mcp/oauth/other" };
    t.equal((await new UserAgent(app).open(authorizeUrl(other, editor))).status, 400);
  });

  await t.test("prompt and max_age ask for another login", async (t) => {
    const agent = new UserAgent(app);
    const first = decode((await redeem(await authorize("frank", {}, agent))).body.id_token as string);
    for (const query of [{ prompt: "login" }, { max_age: "0" }, { prompt: "select_account" }, { provider: "other" }]) {
      const answer = await agent.once(new URL(authorizeUrl(query)));
      t.notMatch(answer.headers.get("location"), REDIRECT_URI, JSON.stringify(query));
    }
    t.match(delivered(await agent.open(authorizeUrl({ max_age: "1000" }))), { code: String });
    t.match(first, { auth_time: Number });
  });

  await t.test("the application can say which user it expects", async (t) => {
    const agent = new UserAgent(app);
    const { body } = await redeem(await authorize("grace", {}, agent));
    const hint = { id_token_hint: body.id_token as string, prompt: "none" };
    t.match(delivered(await agent.open(authorizeUrl(hint))), { code: String });
    const another = new UserAgent(app);
    await authorize("heidi", {}, another);
    t.match(delivered(await another.open(authorizeUrl(hint))), { error: "login_required" });
    t.match(delivered(await authorize("ivan", { ...hint, prompt: undefined })), { error: "login_required" });
  });
});

await t.test("a client that registered itself needs the user's consent, once", async (t) => {
  const { app, authorizeUrl, authorize, redeem } = await authorizeFixture(t);
  const client = await app.register();
  await app.call("PATCH", `/clients/${client.client_id}`, { headers: OPERATOR, payload: { name: "Tool <b>" } });
  await app.fastify.database.clients.update(client.client_id, Date.now(), () => ({ isSelfRegistered: true }));
  await app.fastify.clientCache.load(client.client_id);
  const agent = new UserAgent(app);
  const page = await authorize("alice", {}, agent, client);
  t.match(page.text, /Allow Tool &#60;b&#62;\?/);
  t.match(page.text, /app\.example\.com/);
  t.match(page.text, /see your email address/);
  t.match(delivered(await agent.open(authorizeUrl({ prompt: "none" }, client))), { error: "consent_required" });
  const denied = await agent.submit(page, { decision: "deny" });
  t.match(delivered(denied), { error: "access_denied", state: "xyz" });
  const allowed = await agent.submit(await agent.open(authorizeUrl({}, client)), { decision: "allow" });
  t.match(await redeem(allowed, {}, client), { status: 200 });
  t.match(delivered(await agent.open(authorizeUrl({}, client))), { code: String }, "it is remembered");
  const more = await agent.open(authorizeUrl({ scope: "openid offline_access" }, client));
  t.match(more.text, /stay connected/, "for these scopes only");
});
