import t, { type Test } from "../../support/tap.js";
import { basic, bearer, type Credentials, decode, manualClock, onEveryBackend, OPERATOR, testApp, type TestApp }
  from "../../support/app.js";
import { delivered, loginFixture, PKCE, VERIFIER } from "../../support/login.js";
import { REDIRECT_URI, registration } from "../../support/registration.js";
import { UserAgent } from "../../support/user-agent.js";

const DEFAULT = ["mint", "login", "introspect:own", "revoke:own"];
const ALL = ["mint", "login", "introspect:own", "introspect:any", "feed", "revoke:own", "revoke:any"];
const FAR_REACHING = ["introspect:any", "feed", "revoke:any"];

const introspect = async (app: TestApp, client: Credentials, token: string) => (await app.call("POST", "/introspect", {
  headers: { ...basic(client), "content-type": "application/x-www-form-urlencoded" }, payload: `token=${token}`,
}));
const change = (app: TestApp, { client_id: id }: Credentials, permissions: string[]) =>
  app.call("PATCH", `/clients/${id}`, { headers: OPERATOR, payload: { permissions } });

await t.test("a new client may do what concerns its own tokens, and nothing else", async (t) => {
  const app = await testApp(t);
  const register = (body = {}) =>
    app.call("POST", "/clients", { payload: { name: "new", redirect_uri: REDIRECT_URI, ...body } });
  t.match(await register(), { status: 201, body: { permissions: DEFAULT } });
  t.match(await register({ token_endpoint_auth_method: "none" }), { status: 201, body: { permissions: ["login"] } });
  t.match(await register({ permissions: ["revoke:own", "mint", "login"] }),
    { status: 201, body: { permissions: ["mint", "login", "revoke:own"] } }, "in one order, whatever was sent");
  t.match(await register({ permissions: ALL }), { status: 201, body: { permissions: ALL } },
    "on this machine it gets what it asks for");
});

await t.test("a client that logs nobody in needs no redirect_uri", async (t) => {
  const app = await testApp(t);
  const register = (body: object) => app.call("POST", "/clients", { payload: { name: "listener", ...body } });
  const { status, body } = await register({ permissions: ["feed"] });
  t.match({ status, body }, { status: 201, body: { redirect_uris: [], permissions: ["feed"] } });
  t.strictSame(body.response_types, [], "it begins no login");
  t.notOk("redirect_uri" in body);
  const { client_id: id } = body as unknown as Credentials;
  const read = await app.call("GET", `/clients/${id}`, { headers: OPERATOR });
  t.match(read, { status: 200, body: { redirect_uris: [], permissions: ["feed"] } });
  t.notOk("redirect_uri" in read.body);
  t.match(await register({}), { status: 400, body: { error_description: /^redirect_uri is missing: only a client / } });
  t.match(await register({ permissions: ["feed", "login"] }), { status: 400 });
  const patch = (payload: object) => app.call("PATCH", `/clients/${id}`, { headers: OPERATOR, payload });
  t.match(await patch({ permissions: ["feed", "login"] }),
    { status: 400, body: { error: "invalid_request", error_description: /^redirect_uri is missing/ } });
  t.match(await patch({ permissions: ["feed", "login"], redirect_uris: [REDIRECT_URI] }),
    { status: 200, body: {
      redirect_uris: [REDIRECT_URI], response_types: ["token", "code"], permissions: ["login", "feed"] } });
});

await t.test("what reaches other clients' tokens takes trust", async (t) => {
  const token = "registration-token-of-the-tests-0123456789";
  const far = { remoteAddress: "192.0.2.1" };
  const open = await testApp(t, { AUTHFLOW_REGISTRATION_TOKEN: token });
  const register = (app: TestApp, permissions: string[], sent: object) =>
    app.call("POST", "/clients", { payload: registration({ permissions }), ...sent });
  for (const permission of FAR_REACHING) {
    const permissions = ["login", permission];
    for (const headers of [{}, { authorization: "Bearer" }]) {
      t.match(await register(open, permissions, { ...far, headers }), {
        status: 403,
        body: { error: "access_denied", error_description: new RegExp(`^Only an operator can grant ${permission} `) },
      }, `${permission} from another machine`);
    }
    for (const headers of [bearer("wrong"), { authorization: "Basic YTpi" }])
      t.match(await register(open, permissions, { ...far, headers }), { status: 401 });
    for (const headers of [bearer(token), OPERATOR]) {
      t.match(await register(open, permissions, { ...far, headers }), { status: 201, body: { permissions } });
    }
  }
  t.match(await register(open, DEFAULT, far), { status: 201 }, "the usual ones anyone gets");
  for (const remoteAddress of ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"])
    t.match(await register(open, FAR_REACHING, { remoteAddress }), { status: 201 }, remoteAddress);
  for (const remoteAddress of ["::ffff:192.0.2.1", "::2", "10.127.0.1", "1270.0.0.1"])
    t.match(await register(open, FAR_REACHING, { remoteAddress }), { status: 403 }, remoteAddress);
  t.match((await open.call("GET", "/clients?limit=200", { headers: OPERATOR })).body.clients,
    { length: 2 * FAR_REACHING.length + 5 }, "nothing was registered with less than it asked for");

  const byToken = await testApp(t, { AUTHFLOW_REGISTRATION: "token", AUTHFLOW_REGISTRATION_TOKEN: token });
  const granted = { status: 201, body: { permissions: ALL } };
  t.match(await register(byToken, ALL, { ...far, headers: bearer(token) }), granted);
  t.match(await register(byToken, ALL, {}), { status: 401 });
});

await t.test("what is no permission, or none of a public client, is refused", async (t) => {
  const app = await testApp(t);
  const confidential = await app.register();
  const open = await app.register({ token_endpoint_auth_method: "none" });
  const cases: [client: Credentials, permissions: unknown, description: RegExp][] = [
    [confidential, ["admin"], /^permissions: "admin" is not one of mint, login, introspect:own/],
    [confidential, ["introspect"], /^permissions: "introspect" is not one of mint, /],
    [confidential, ["mint", "mint"], /^permissions is not valid: What the client may do: any of mint, /],
    [confidential, [], /^permissions must not be an empty list$/],
    [confidential, "mint", /^permissions must be a list/],
    [open, ["login", "mint"], /^A public client has no secret, so it can't have mint/],
    [open, ["feed"], /^A public client has no secret, so it can't have feed/],
  ];
  for (const [{ client_id: id, client_secret: secret }, permissions, error_description] of cases) {
    const refused = { status: 400, body: { error: "invalid_request", error_description } };
    const payload = { permissions };
    t.match(await app.call("PATCH", `/clients/${id}`, { headers: OPERATOR, payload }), refused);
    const method = secret === undefined ? "none" : "client_secret_basic";
    const body = { name: "a", redirect_uri: REDIRECT_URI, token_endpoint_auth_method: method, permissions };
    t.match(await app.call("POST", "/clients", { payload: body }), refused);
  }
});

/** A request that needs a permission, and what it answers without it. */
const NEEDS: [permission: string, ask: (app: TestApp, client: Credentials) => Promise<{ status: number }>, without: {
  status: number; error: string; description: RegExp;
}][] = [
  ["mint", (app, client) => app.call("POST", "/mint", { headers: basic(client), payload: { sub: "alice" } }),
    { status: 403, error: "access_denied", description: /lacks the permission mint: an operator can grant it/ }],
  ["feed", (app, client) => app.call("GET", "/revocations", { headers: basic(client) }),
    { status: 403, error: "access_denied", description: /lacks the permission feed/ }],
  ["revoke:own", (app, client) => app.call("POST", "/revocations", { headers: basic(client), payload: { sub: "x" } }),
    { status: 403, error: "access_denied", description: /lacks the permission revoke:own or revoke:any/ }],
  ["introspect:own", (app, client) => introspect(app, client, "x"),
    { status: 400, error: "unauthorized_client", description: /lacks the permission introspect:own or intr/ }],
];
await onEveryBackend(t, async (t, env) => {
  const [app, other] = [await testApp(t, env), await testApp(t, env)];
  for (const [permission, ask, { status, error, description }] of NEEDS) {
    await t.test(`without ${permission} the answer says so, and a change takes effect`, async (t: Test) => {
      const others = ALL.filter((one) => !one.startsWith(permission.replace(":own", "")));
      const client = await app.register({ permissions: others });
      const refused = { status, body: { error, error_description: description } };
      t.match(await ask(app, client), refused);
      t.match(await ask(other, client), refused, "here it is now a cached client");
      t.match(await change(app, client, [permission]), { status: 200, body: { permissions: [permission] } });
      t.match(await ask(app, client), { status: 200 }, "at once on the replica that changed it");
      const { clientRevision } = await other.fastify.refreshInstallation();
      await other.fastify.clientCache.sync(clientRevision, Date.now());
      t.match(await ask(other, client), { status: 200 }, "and on the others with the next look at the database");
      await change(app, client, others);
      t.match(await ask(app, client), refused);
    });
  }
});

await t.test("a client introspects what it minted and what names it, another's token is not active", async (t) => {
  const app = await testApp(t);
  const [client, other, auditor] = [await app.register({ permissions: DEFAULT }), await app.register(),
    await app.register({ permissions: ["introspect:any"] })];
  const active = async (by: Credentials, token: string) => (await introspect(app, by, token)).body;
  const own = await app.mint({}, client);
  t.match(await active(client, own), { active: true, sub: "alice" });
  for (const audience of [undefined, "api", other.client_id, ["api", other.client_id], client.client_id.slice(1)]) {
    const foreign = await app.mint({ audience }, other);
    t.strictSame(await active(client, foreign), { active: false }, `aud ${String(audience)}`);
    t.match(await active(auditor, foreign), { active: true });
  }
  for (const audience of [client.client_id, ["api", client.client_id]])
    t.match(await active(client, await app.mint({ audience }, other)), { active: true, client_id: other.client_id });
  await app.logout(own);
  for (const by of [client, auditor]) t.strictSame(await active(by, own), { active: false });
});

await onEveryBackend(t, async (t, env) => {
  const { clock, advance } = manualClock();
  const [app, replica] = [await testApp(t, env, { clock }), await testApp(t, env, { clock })];
  const [client, other] = [await app.register({ permissions: DEFAULT }), await app.register()];
  const revoke = (by: Credentials, payload: object) =>
    app.call("POST", "/revocations", { headers: basic(by), payload });
  const asOperator = (payload: object, headers: Record<string, string> = OPERATOR) =>
    app.call("POST", "/revocations", { headers, payload });
  const statuses = async (...tokens: string[]) => (await Promise.all(tokens.flatMap((token) =>
    [app, replica].map(({ userinfo }) => userinfo(token))))).map(({ status }) => status);
  const both = async (sub: string): Promise<[string, string]> => {
    advance(1);
    return [await app.mint({ sub }, client), await app.mint({ sub }, other)];
  };

  await t.test("a client ends the tokens that it minted, and no other's of the same user", async (t) => {
    const [mine, theirs] = await both("alice");
    const [bob] = await both("bob");
    t.match(await revoke(client, { sub: "alice" }),
      { status: 200, body: { revoked: true, sub: "alice", client_id: client.client_id } });
    t.strictSame(await statuses(mine, theirs, bob), [401, 401, 200, 200, 200, 200]);
    advance(1);
    t.strictSame(await statuses(await app.mint({ sub: "alice" }, client)), [200, 200], "and none of later");
  });

  await t.test("for a user for whom it never minted nothing happens, and there is no error", async (t) => {
    const theirs = await app.mint({ sub: "carol" }, other);
    t.match(await revoke(client, { sub: "carol" }), { status: 200 });
    t.match(await revoke(client, { sub: "nobody" }), { status: 200 });
    t.strictSame(await statuses(theirs), [200, 200]);
  });

  await t.test("with revoke:any it ends everybody's tokens of users for whom it may mint", async (t) => {
    const [mine, theirs] = await both("dave");
    t.match(await revoke(other, { sub: "dave" }), { status: 200, body: { revoked: true, sub: "dave" } });
    t.strictSame(await statuses(mine, theirs), [401, 401, 401, 401]);
  });

  await t.test("an operator ends a user's, a client's, a user's at a client, and one token", async (t) => {
    const [mine, theirs] = await both("erin");
    t.match(await asOperator({ sub: "erin", client_id: client.client_id }),
      { status: 200, body: { revoked: true, sub: "erin", client_id: client.client_id } });
    t.strictSame(await statuses(mine, theirs), [401, 401, 200, 200]);
    t.match(await asOperator({ sub: "erin" }), { status: 200, body: { revoked: true, sub: "erin" } });
    t.strictSame(await statuses(theirs), [401, 401]);

    const [frank, franks] = await both("frank");
    t.match(await asOperator({ client_id: client.client_id.toUpperCase() }),
      { status: 200, body: { revoked: true, client_id: client.client_id } });
    t.strictSame(await statuses(frank, franks), [401, 401, 200, 200]);

    const [one, two] = await both("grace");
    const { jti } = decode(one);
    t.match(await asOperator({ jti }), { status: 200, body: { revoked: true, jti } });
    t.match(await asOperator({ token: two }), { status: 200, body: { revoked: true, jti: decode(two).jti } });
    t.strictSame(await statuses(one, two), [401, 401, 401, 401]);
    t.match(await asOperator({ token: two }), { status: 200 }, "repeating it is no error");
  });

  /** Tokens of a session: of each client; and one of the first without a session. */
  const inSession = async (sid: string): Promise<[string, string, string]> => {
    advance(1);
    const sub = "judy";
    return [await app.mint({ sub, sid }, client), await app.mint({ sub, sid }, other), await app.mint({ sub }, client)];
  };

  await t.test("a client ends its own tokens of a session, with revoke:any everybody's", async (t) => {
    const [mine, theirs, none] = await inSession("s-1");
    t.match(await revoke(client, { sid: "s-1" }),
      { status: 200, body: { revoked: true, sid: "s-1", client_id: client.client_id } });
    t.strictSame(await statuses(mine, theirs, none), [401, 401, 200, 200, 200, 200]);
    const { status, body } = await revoke(other, { sid: "s-1" });
    t.strictSame({ status, body }, { status: 200, body: { revoked: true, sid: "s-1" } });
    t.strictSame(await statuses(theirs, none), [401, 401, 200, 200]);
    const [later] = await inSession("s-1");
    t.strictSame(await statuses(later), [200, 200], "and none of later");
  });

  await t.test("a client that may mint for some subjects only ends its own tokens of a session", async (t) => {
    const limited = await app.register();
    const patch = { policy: { subject_prefixes: ["shop|"] } };
    await app.call("PATCH", `/clients/${limited.client_id}`, { headers: OPERATOR, payload: patch });
    const [mine, theirs] = await inSession("s-2");
    const own = await app.mint({ sub: "shop|1", sid: "s-2" }, limited);
    t.match(await revoke(limited, { sid: "s-2" }),
      { status: 200, body: { revoked: true, sid: "s-2", client_id: limited.client_id } });
    t.strictSame(await statuses(own, mine, theirs), [401, 401, 200, 200, 200, 200]);
  });

  await t.test("an operator ends a session, whole or of one client", async (t) => {
    for (const sid of ["s-3", "a:b:c", `${client.client_id}:s-3`, "zoë 🚲 *?[x]\\ ", "a".repeat(255)]) {
      const [mine, theirs, none] = await inSession(sid);
      const [next] = await inSession(`${sid.slice(0, 254)}x`);
      t.match(await asOperator({ sid, client_id: client.client_id.toUpperCase() }),
        { status: 200, body: { revoked: true, sid, client_id: client.client_id } });
      t.strictSame(await statuses(mine, theirs, none, next), [401, 401, 200, 200, 200, 200, 200, 200], sid);
      t.match(await asOperator({ sid }), { status: 200, body: { revoked: true, sid } });
      t.strictSame(await statuses(theirs, none, next), [401, 401, 200, 200, 200, 200], sid);
      t.match(await asOperator({ sid }), { status: 200 }, "repeating it is no error");
    }
  });

  await t.test("a session that nobody has ends nothing, and is no error", async (t) => {
    const token = await app.mint({ sub: "undefined" }, client);
    for (const sid of ["undefined", "null", client.client_id])
      t.match(await asOperator({ sid }), { status: 200, body: { sid } });
    t.strictSame(await statuses(token), [200, 200]);
  });

  await t.test("only the operator's token counts, and the request says what to end", async (t) => {
    const token = await app.mint({ sub: "heidi" }, client);
    for (const wrong of [token, client.client_secret, ""])
      t.match(await asOperator({ sub: "heidi" }, bearer(wrong)), { status: 401, body: { error: "invalid_token" } });
    const bad: [payload: object, description: RegExp][] = [
      [{}, /^Name what to revoke: sub or sid, which client_id may accompany; client_id; or one token by token or jti/],
      [{ sid: "s", sub: "heidi" }, /^sub and sid can't be combined: name either the subject or the session/],
      [{ sid: "s", jti: "x" }, /^Name what to revoke/],
      [{ sid: "s", token }, /^Name what to revoke/],
      [{ sid: "" }, /^sid is not valid: The id of a session, 1 to 255 characters/],
      [{ sid: "s".repeat(256) }, /^sid is not valid: The id of a session, 1 to 255 characters/],
      [{ sid: 1 }, /^sid must be a text/],
      [{ sid: "a\u202eb" }, /^sid must not hold control characters or bidirectional overrides/],
      [{ sub: "heidi", jti: "x" }, /^Name what to revoke/],
      [{ token, client_id: client.client_id }, /^Name what to revoke/],
      [{ sub: "heidi", client_secret: "x" }, /^client_secret is for clients/],
      [{ token: "x" }, /^token can't be revoked, because no service accepts it/],
      [{ client_id: "x" }, /^client_id is not valid: A UUID/],
      [{ sub: "\u0000" }, /^sub must/],
      [{ kid: "x" }, /^Unknown field kid/],
    ];
    for (const [payload, error_description] of bad) {
      t.match(await asOperator(payload), { status: 400, body: { error: "invalid_request", error_description } });
    }
    for (const payload of [{ jti: decode(token).jti }, { token }, { sub: "heidi", jti: "x" }]) {
      t.match(await revoke(client, payload),
        { status: 400, body: { error: "invalid_request", error_description: /^jti and token are for operators/ } });
    }
    t.match(await revoke(client, { sub: "heidi", sid: "s" }),
      { status: 400, body: { error: "invalid_request", error_description: /^sub and sid can't be combined/ } });
    t.match(await revoke(client, { sid: "\u0000" }), { status: 400, body: { error_description: /^sid must/ } });
    t.strictSame(await statuses(token), [200, 200], "nothing of that ended anything");
  });

  if (env.REDIS_URL === undefined) return;
  await t.test("a cut-off of a user at a client stands in Redis under its name", async (t) => {
    const name = `authflow:${app.fastify.installation.id}:issued_before:client_sub:${client.client_id}:alice`;
    t.match(await app.fastify.redis.get(name), /^\d{13}$/);
  });
});

await t.test("without login nobody logs in: not at the start, not on the way back, and not with a code", async (t) => {
  const { app, client, path, url, logIn, exchange } = await loginFixture(t);
  const { code } = delivered(await logIn("alice", PKCE));
  const agent = new UserAgent(app);
  const pending = await agent.submit(await agent.open(url()), { login: "alice", password: "any" });
  await change(app, client, ["mint"]);
  const refused = { error: "unauthorized_client", error_description: /^This client lacks the permission login/ };
  t.match(delivered(await agent.submit(pending)), refused, "on the way back");
  const { status, headers: { location = "" } } = await app.call("GET", path());
  t.match({ status, ...delivered({ url: new URL(location) }) }, { status: 302, ...refused });
  t.match(await exchange({ ...client, code, code_verifier: VERIFIER }), { status: 400, body: refused });
});

await t.test("a client ends the logins that it was issued, with the codes that it has not exchanged", async (t) => {
  const { app, client, logIn, exchange } = await loginFixture(t);
  await change(app, client, DEFAULT);
  const other = await app.register();
  const codeOf = async (client_id = client.client_id) =>
    delivered(await logIn("alice", { ...PKCE, client_id })).code as string;
  const form = { code_verifier: VERIFIER };
  const { body: { access_token: token } } = await exchange({ ...client, ...form, code: await codeOf() });
  const [mine, theirs] = [await codeOf(), await codeOf(other.client_id)];
  const payload = { sub: "corp|alice" };
  t.match(await app.call("POST", "/revocations", { headers: basic(client), payload }), { status: 200 });
  t.equal((await app.userinfo(token as string)).status, 401);
  t.match(await exchange({ ...client, ...form, code: mine }), { status: 400, body: { error: "invalid_grant" } });
  t.match(await exchange({ ...other, ...form, code: theirs }), { status: 200 });
});
