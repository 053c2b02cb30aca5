import { randomUUID } from "node:crypto";
import t from "../../support/tap.js";
import type { Client } from "../../../src/clients/client.js";
import { RefreshTokenFamilies } from "../../../src/sessions/refresh-token-families.js";
import { RefreshTokenService } from "../../../src/sessions/refresh-token-service.js";
import type { RevocationState } from "../../../src/revocation/revocation-state.js";
import { digest } from "../../../src/shared/digest.js";
import { run } from "../../contracts/dialects.js";
import {
  type Answer, basic, bearer, type Credentials, decode, manualClock, onEveryBackend, OPERATOR, testApp, type TestApp,
  withoutDatabase,
} from "../../support/app.js";
import {
  lastingMint, type LastingTokens, postForm, refresh, seenTokens, startAuthorized, tokensOf,
} from "../../support/refresh.js";

/** A cut-off waits for the clocks of other replicas. These have one, which the test moves. */
const timing = { cutoffWait: 0 };
const invalidGrant = { status: 400, body: { error: "invalid_grant" } };

const patch = async (app: TestApp, { client_id }: Credentials, payload: object): Promise<void> => {
  const { status, text } = await app.call("PATCH", `/clients/${client_id}`, { headers: OPERATOR, payload });
  if (status !== 200) throw new Error(text);
};
await onEveryBackend(t, async (t, env) => {
  const { clock, advance } = manualClock();
  const settings = { ...env, AUTHFLOW_SELF_REGISTERED_SCOPES: "read,write" };
  const app = await testApp(t, settings, { clock, timing });
  const other = await testApp(t, settings, { clock, timing });
  const client = await app.register();
  const isLive = async (token: string): Promise<boolean> => (await app.userinfo(token)).status === 200;
  const warnings = (): string[] =>
    [...app.logs, ...other.logs].filter((line) => line.includes("refresh token was used again"));

  await t.test("/mint gives one on request, and by it the same token again, with a new jti", async (t) => {
    const body = {
      sub: "alice", claims: { roles: ["editor"] }, email: "a@example.com", audience: ["one", "two"],
      scope: "read write", expires_in: 600, amr: ["pwd"], sid: "sid-of-the-platform",
    };
    const first = await lastingMint(app, client, body);
    t.match(first.refresh, /^authflow_refresh_[A-Za-z0-9_-]{64}$/);
    advance(60);
    const answer = await refresh(other, client, first.refresh);
    t.match(answer, { status: 200, body: { token_type: "Bearer", expires_in: 600 },
      headers: { "cache-control": "no-store" } });
    const [before, after] = [decode(first.access), decode(tokensOf(answer).access)];
    t.strictSame({ ...after, jti: 0, iat: 0, exp: 0 }, { ...before, jti: 0, iat: 0, exp: 0 });
    t.match(after, { iat: Number(before.iat) + 60, sid: "sid-of-the-platform", iss: "authflow-go" });
    t.not(after.jti, before.jti);
    t.not(tokensOf(answer).refresh, first.refresh);
    t.equal(await isLive(first.access), true, "the token before stays valid until it expires");
    const { access } = await lastingMint(app, client);
    t.match(decode(access).sid, /^[0-9a-f-]{36}$/, "without a sid of the platform it gets one");
    t.equal(decode(await app.mint({}, client)).sid, undefined, "without refresh nothing changes");
  });

  await t.test("50 exchanges at once at two replicas: one rotation, and all get the same bytes", async (t) => {
    const first = await lastingMint(app, client);
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) =>
      refresh(i % 2 === 0 ? app : other, client, first.refresh)));
    t.equal(new Set(answers.map(({ text }) => text)).size, 1);
    const next = tokensOf(answers[0] as Answer);
    t.equal(await isLive(next.access), true);
    t.equal((await refresh(app, client, next.refresh)).status, 200);
    t.strictSame(warnings(), []);
  });

  await t.test("within the window the answer comes again, at any replica; after it the login is ended", async (t) => {
    const sub = `user-${randomUUID()}`;
    const first = await lastingMint(app, client, { sub });
    const answer = await refresh(app, client, first.refresh);
    advance(9);
    t.equal((await refresh(other, client, first.refresh)).text, answer.text, "a lost answer, or a second tab");
    const second = tokensOf(answer);
    advance(2);
    t.match(await refresh(other, client, first.refresh),
      { status: 400, body: { error: "invalid_grant", error_description: /used before.*revoked/ } });
    t.strictSame([await isLive(first.access), await isLive(second.access)], [false, false]);
    t.match(await refresh(app, client, second.refresh), invalidGrant, "whoever has the newest one");
    const found = warnings();
    t.equal(found.length, 1);
    t.match(JSON.parse(found[0] ?? ""), { level: 40, client_id: client.client_id, sub, sid: decode(first.access).sid });
    const entries = async () => (await app.fastify.feed.page(1000)).issuedBefore.length;
    const before = await entries();
    t.match(await refresh(app, client, first.refresh), invalidGrant);
    t.equal(await entries(), before, "further attempts leave nothing in the log");
  });

  await t.test("a token two exchanges back ends the login at once, also within the window", async (t) => {
    const first = await lastingMint(app, client);
    const second = tokensOf(await refresh(app, client, first.refresh));
    const third = tokensOf(await refresh(app, client, second.refresh));
    t.match(await refresh(app, client, first.refresh), invalidGrant);
    t.strictSame([await isLive(third.access), (await refresh(app, client, third.refresh)).status], [false, 400]);
  });

  await t.test("reuse ends this login, and no other one of the user or the client", async (t) => {
    const sub = `user-${randomUUID()}`;
    const [stolen, neighbour] = [await lastingMint(app, client, { sub }), await lastingMint(app, client, { sub })];
    tokensOf(await refresh(app, client, stolen.refresh));
    advance(11);
    t.match(await refresh(app, client, stolen.refresh), invalidGrant);
    t.equal(await isLive(neighbour.access), true);
    t.equal((await refresh(app, client, neighbour.refresh)).status, 200);
  });

  await t.test("another client gets nothing for it, and ends nothing", async (t) => {
    const first = await lastingMint(app, client);
    const stranger = await app.register();
    const unknown = await refresh(app, client, `authflow_refresh_${"A".repeat(64)}`);
    t.match(unknown, { ...invalidGrant, body: { error_description: /unknown, has expired or was ended/ } });
    t.equal((await refresh(app, stranger, first.refresh)).text, unknown.text, "it learns nothing either");
    const second = tokensOf(await refresh(app, client, first.refresh));
    advance(11);
    t.equal((await refresh(app, stranger, first.refresh)).text, unknown.text, "nor by a used one");
    t.equal((await refresh(app, client, second.refresh)).status, 200);
  });

  await t.test("what is no refresh token is refused", async (t) => {
    const { access, refresh: token } = await lastingMint(app, client);
    for (const text of ["x", "\0", access, `${token}A`, token.slice(0, -1), token.toUpperCase(), ` ${token}`])
      t.match(await refresh(app, client, text), invalidGrant, text);
    t.match(await refresh(app, client, ""), { status: 400, body: { error_description: /refresh_token is missing/ } });
    t.equal((await refresh(app, client, token)).status, 200);
  });

  await t.test("a public client needs its client_id only, and each of its exchanges rotates too", async (t) => {
    const spa = await app.register({ token_endpoint_auth_method: "none" });
    const first = await startAuthorized(app, spa);
    const form = { grant_type: "refresh_token", refresh_token: first, client_id: spa.client_id };
    const answer = await postForm(app, "/token", form);
    t.equal(answer.status, 200);
    t.equal((await postForm(other, "/token", form)).text, answer.text);
    advance(11);
    t.match(await postForm(app, "/token", form), invalidGrant);
    t.equal(await isLive(tokensOf(answer).access), false);
  });

  await t.test("what a user authorized comes again: claims, scope, audience, an ID token without nonce", async (t) => {
    const answer = await refresh(app, client, await startAuthorized(app, client, { sid: "the-session" }));
    t.match(answer.body, { scope: "openid email read write", id_token: /^ey/ });
    t.match(decode(tokensOf(answer).access), {
      sub: "corp|alice", sid: "the-session", auth_time: 1_700_000_000, aud: ["https://a.example", "https://b.example"],
      scope: "openid email read write", email: "alice@example.com", iss: "http://localhost:8080",
    });
    const id = decode(answer.body.id_token as string);
    t.match(id, { iss: "http://localhost:8080", sub: "corp|alice", aud: client.client_id, auth_time: 1_700_000_000,
      sid: "the-session", at_hash: /./ });
    t.equal(id.nonce, undefined, "OpenID Connect Core §12.2");
  });

  const part = async (start: () => Promise<string>, more: Record<string, string>) => {
    const answer = await refresh(app, client, await start(), more);
    if (answer.status !== 200) return answer.body.error;
    const { scope, aud } = decode(tokensOf(answer).access);
    return [scope, aud];
  };
  await t.test("a request may ask for a part of it, and never for more", async (t) => {
    const [a, b] = ["https://a.example", "https://b.example"];
    const byCode = () => startAuthorized(app, client);
    const byMint = async () => (await lastingMint(app, client, { scope: "read write", audience: [a, b] })).refresh;
    for (const start of [byCode, byMint]) {
      t.strictSame(await part(start, { scope: "write read" }), ["read write", [a, b]]);
      t.strictSame(await part(start, { scope: "read", resource: b }), ["read", b]);
      for (const scope of ["admin", "read admin", "READ", "read  write", " "])
        t.equal(await part(start, { scope }), "invalid_scope", scope);
      for (const resource of ["https://c.example", `${a}/`, a.toUpperCase()])
        t.equal(await part(start, { resource }), "invalid_target", resource);
    }
    t.equal(await part(async () => (await lastingMint(app, client)).refresh, { scope: "read" }), "invalid_scope");
    const narrowed = tokensOf(await refresh(app, client, await byMint(), { scope: "read" }));
    const whole = tokensOf(await refresh(app, client, narrowed.refresh));
    t.equal(decode(whole.access).scope, "read write", "the part was of one answer (RFC 6749 §6)");
  });

  await t.test("a refused request costs nothing", async (t) => {
    const { refresh: token } = await lastingMint(app, client);
    t.match(await refresh(app, client, token, { scope: "admin" }),
      { status: 400, body: { error: "invalid_scope", error_description: /scope "admin" was not granted/ } });
    t.match(await refresh(app, client, token, { resource: "c" }), { status: 400, body: { error: "invalid_target" } });
    t.equal((await refresh(app, client, token)).status, 200);
  });

  await t.test("two requests at once for different parts each get theirs, and the same next token", async (t) => {
    const token = await startAuthorized(app, client);
    const [one, two] = await Promise.all(["https://a.example", "https://b.example"]
      .map((resource, i) => refresh(i === 0 ? app : other, client, token, { resource }))) as [Answer, Answer];
    t.strictSame([decode(tokensOf(one).access).aud, decode(tokensOf(two).access).aud],
      ["https://a.example", "https://b.example"]);
    t.equal(tokensOf(one).refresh, tokensOf(two).refresh);
    t.equal((await refresh(app, client, token, { scope: "admin" })).body.error, "invalid_scope");
    t.equal((await refresh(app, client, tokensOf(one).refresh)).status, 200);
  });

  await t.test("what the client may not do any more, a refresh token does not do for it", async (t) => {
    const client = await app.register();
    const { refresh: token } = await lastingMint(app, client,
      { sub: "team-a/alice", scope: "read", audience: "api", expires_in: 900, claims: { role: "x" } });
    const withLogin = await startAuthorized(app, client, { scopes: ["openid", "read", "write"] });
    const refused = async (change: object, error: string, which = token): Promise<void> => {
      await patch(app, client, change);
      t.match(await refresh(app, client, which), { body: { error } }, JSON.stringify(change));
    };
    await refused({ disabled: true }, "invalid_client");
    await refused({ disabled: false, permissions: ["login"] }, "unauthorized_client");
    await refused({ permissions: ["mint"] }, "unauthorized_client", withLogin);
    await refused({ permissions: ["mint", "login"], policy: { subject_prefixes: ["team-b/"] } }, "unauthorized_client");
    await refused({ policy: { subject_prefixes: null, scopes: ["write"] } }, "invalid_scope");
    await refused({ policy: { scopes: null, audiences: ["other"] } }, "invalid_target");
    await refused({ policy: { audiences: ["other"] } }, "invalid_target", withLogin);
    await refused({ policy: { audiences: null, claim_names: [] } }, "unauthorized_client");
    await refused({ policy: { claim_names: null, providers: ["google"] } }, "unauthorized_client");
    await refused({ policy: { providers: ["google"] } }, "unauthorized_client", withLogin);
    const database = app.fastify.database.clients;
    const setGrants = (grantTypes: Client["grantTypes"]) =>
      database.update(client.client_id, clock(), () => ({ grantTypes, policy: { ...policy, max_ttl: 300 } }));
    const { policy } = await app.fastify.clients.read(client.client_id);
    await setGrants(["authorization_code"]);
    advance(2); // until this replica has read it
    t.match(await refresh(app, client, token), { body: { error: "unauthorized_client" } });
    t.match(await app.call("POST", "/mint", { headers: basic(client), payload: { sub: "a", refresh: true } }),
      { status: 400, body: { error: "unauthorized_client", error_description: /add refresh_token to the grant_/ } });
    await setGrants(["refresh_token"]);
    await patch(app, client, { policy: { providers: null, scopes: ["read"], max_ttl: 300 } });
    advance(2);
    const answer = await refresh(app, client, token);
    t.match(answer, { status: 200, body: { expires_in: 300 } }, "what it may, at most for so long as it may");
    t.equal((await refresh(app, client, withLogin)).body.scope, "openid read");
  });

  await t.test("an operator who takes a policy's member back gets the deployment's rule, not no rule", async (t) => {
    const client = await app.register();
    const audience = "https://a.example";
    const allowed = { scopes: ["read", "admin"], audiences: [audience], audience_scopes: { [audience]: ["admin"] } };
    const authorized = { scopes: ["openid", "read", "admin"], resources: [audience] };
    await patch(app, client, { policy: allowed });
    const token = await startAuthorized(app, client, authorized);
    const first = await refresh(app, client, token);
    t.equal(first.body.scope, "openid admin");
    await patch(app, client, { policy: { scopes: null } });
    const second = await refresh(app, client, tokensOf(first).refresh);
    t.equal(second.body.scope, "openid", "admin is none of the deployment's scopes, read is not for this audience");
    await patch(app, client, { policy: { audience_scopes: null } });
    const third = await refresh(app, client, tokensOf(second).refresh);
    t.equal(third.body.scope, "openid read");
    await patch(app, client, { policy: { audiences: null } });
    const fourth = await refresh(app, client, tokensOf(third).refresh);
    t.equal(decode(tokensOf(fourth).access).aud, audience, "null allows an operator's client every audience");
    await patch(app, client, { self_registered: true });
    t.match(await refresh(app, client, tokensOf(fourth).refresh), { body: {
      error: "invalid_target", error_description: /add it to AUTHFLOW_SELF_REGISTERED_AUDIENCES$/,
    } });
    await patch(app, client, { self_registered: false });
    t.equal((await refresh(app, client, tokensOf(fourth).refresh)).status, 200, "nothing was used up");
  });

  await t.test("the default audience, max_ttl and id_token_claims are those of the moment", async (t) => {
    const client = await app.register();
    await patch(app, client, { policy: { default_audience: ["one", "two"], max_ttl: 60, id_token_claims: true } });
    const authorized = { scopes: ["openid", "email"], resources: [] };
    const first = await refresh(app, client, await startAuthorized(app, client, authorized), { resource: "two" });
    t.match(decode(first.body.id_token as string), { email: "alice@example.com" });
    t.match([first.body, decode(tokensOf(first).access)], [{ expires_in: 60 }, { aud: "two" }]);
    await patch(app, client, { policy: { default_audience: null, max_ttl: null, id_token_claims: null } });
    const second = await refresh(app, client, tokensOf(first).refresh);
    t.equal(decode(second.body.id_token as string).email, undefined);
    t.match([second.body, decode(tokensOf(second).access)], [{ expires_in: 3600 }, { aud: undefined }]);
    t.match(await refresh(app, client, tokensOf(second).refresh, { resource: "two" }),
      { body: { error: "invalid_target" } });
  });

  await t.test("each lifetime ends it: the idle one and the absolute one", async (t) => {
    const lifetimes = { ...env, AUTHFLOW_REFRESH_TTL: "50m", AUTHFLOW_REFRESH_IDLE_TTL: "20m" };
    const app = await testApp(t, lifetimes, { clock, timing });
    let { refresh: idle } = await lastingMint(app, client);
    let { refresh: used } = await lastingMint(app, client);
    for (let minutes = 15; minutes <= 45; minutes += 15) {
      advance(900);
      ({ refresh: used } = tokensOf(await refresh(app, client, used)));
      if (minutes === 15) ({ refresh: idle } = tokensOf(await refresh(app, client, idle)));
    }
    t.match(await refresh(app, client, idle), invalidGrant, "30 minutes after its last use");
    advance(299);
    ({ refresh: used } = tokensOf(await refresh(app, client, used)));
    advance(2);
    t.match(await refresh(app, client, used), invalidGrant, "50 minutes after its first");
    t.notMatch(app.logs.join(""), /used again/, "the end of a lifetime is no reuse");
  });

  await t.test("a client's policy has its own lifetimes", async (t) => {
    const owner = await app.fastify.clients.read(client.client_id);
    const policy = { ...owner.policy, refresh_ttl: 600, refresh_idle_ttl: 60 };
    const lives = async (seconds: number): Promise<boolean> => {
      const { refreshTokens, refreshTokenFamilies } = app.fastify;
      const token = await refreshTokenFamilies.start({ ...owner, policy }, { kind: "mint", request: { sub: "a" } },
        { sub: "a", sid: randomUUID() });
      advance(seconds);
      return await refreshTokens.introspect(owner, token) !== null;
    };
    t.strictSame([await lives(59), await lives(60)], [true, false]);
  });

  for (const [member, name] of Object.entries({ refresh_ttl: "TTL", refresh_idle_ttl: "IDLE_TTL" })) {
    await t.test(`a ${member} that becomes shorter ends a login at once, also by null`, async (t) => {
      const app = await testApp(t, { ...env, [`AUTHFLOW_REFRESH_${name}`]: "10m" }, { clock, timing });
      const own = await app.register();
      const start = async (): Promise<string> => (await lastingMint(app, own)).refresh;
      const exchanged = async (): Promise<string> => tokensOf(await refresh(app, own, await start())).refresh;
      const ages = async (begin: () => Promise<string>, change: object): Promise<Answer> => {
        await patch(app, own, { policy: { [member]: 3600 } });
        const token = await begin();
        advance(300);
        await app.fastify.refreshTokenFamilies.sweep(0);
        advance(301);
        await patch(app, own, change);
        return refresh(app, own, token);
      };
      for (const begin of [start, exchanged]) {
        t.equal((await ages(begin, { disabled: false })).status, 200);
        t.equal((await ages(begin, { policy: { [member]: 602 } })).status, 200);
        t.match(await ages(begin, { policy: { [member]: 600 } }), invalidGrant);
        t.match(await ages(begin, { policy: { [member]: null } }), invalidGrant, "the deployment's");
      }
    });
  }

  await t.test("an idle lifetime counts from the last exchange, and a longer one from the next", async (t) => {
    const own = await app.register();
    const limit = (seconds: number) => patch(app, own, { policy: { refresh_idle_ttl: seconds } });
    await limit(60);
    let { refresh: token } = await lastingMint(app, own);
    for (let i = 0; i < 3; i++) {
      advance(50);
      ({ refresh: token } = tokensOf(await refresh(app, own, token)));
    }
    await limit(3600);
    advance(59);
    ({ refresh: token } = tokensOf(await refresh(app, own, token)));
    advance(3599);
    const { refresh: early } = await lastingMint(app, own);
    t.equal((await refresh(app, own, token)).status, 200);
    await limit(60);
    const { refresh: short } = await lastingMint(app, own);
    await limit(3600);
    advance(60);
    t.match(await refresh(app, own, short), invalidGrant, "it was issued for 60 s");
    t.equal((await refresh(app, own, early)).status, 200);
  });

  type End = (tokens: LastingTokens, sub: string) => Promise<Answer>;
  const ENDINGS: [what: string, end: End][] = [
    ["a logout", ({ access }) => app.logout(access)],
    ["a logout of the session",
      ({ access }) => app.call("POST", "/logout", { headers: bearer(access), payload: { session: true } })],
    ["a logout everywhere",
      ({ access }) => app.call("POST", "/logout", { headers: bearer(access), payload: { everywhere: true } })],
    ["a revocation of the refresh token", ({ refresh: token }) => postForm(app, "/revoke", { token }, basic(client))],
    ["a cut-off of the subject", (_, sub) => app.call("POST", "/revocations", { headers: OPERATOR, payload: { sub } })],
    ["a cut-off of the subject by its client",
      (_, sub) => app.call("POST", "/revocations", { headers: basic(client), payload: { sub } })],
  ];
  for (const [what, end] of ENDINGS) {
    await t.test(`${what} ends the refresh token too, and its retry`, async (t) => {
      const sub = `user-${randomUUID()}`;
      const first = await lastingMint(app, client, { sub });
      advance(1);
      const second = tokensOf(await refresh(app, client, first.refresh));
      const neighbour = await lastingMint(app, client);
      t.equal((await end(second, sub)).status, 200);
      t.equal(await isLive(second.access), false);
      const count = warnings().length;
      t.match(await refresh(other, client, second.refresh), invalidGrant);
      t.match(await refresh(app, client, first.refresh), invalidGrant);
      t.equal(warnings().length, count, "which is no reuse");
      t.equal((await refresh(app, client, neighbour.refresh)).status, 200);
      advance(1);
      t.equal((await refresh(app, client, (await lastingMint(app, client, { sub })).refresh)).status, 200);
    });
  }

  await t.test("a token that is revoked, or of an earlier login, ends no login", async (t) => {
    const sid = randomUUID();
    const first = await lastingMint(app, client, { sid });
    const early = await app.mint({ sid }, client);
    advance(1);
    const second = await lastingMint(app, client, { sid });
    t.equal((await app.logout(early)).status, 200);
    t.match(await refresh(app, client, first.refresh), invalidGrant);
    const next = tokensOf(await refresh(app, client, second.refresh));
    t.equal((await postForm(app, "/revoke", { token: second.access }, basic(client))).status, 200);
    t.equal((await app.logout(second.access)).status, 401);
    t.equal((await refresh(app, client, next.refresh)).status, 200);
  });

  await t.test("a logout of the session needs one, and is in effect for every client", async (t) => {
    t.match(await app.call("POST", "/logout",
      { headers: bearer(await app.mint({}, client)), payload: { session: true } }),
      { status: 400, body: { error: "invalid_request", error_description: /has no sid/ } });
    const [sid, stranger] = [randomUUID(), await app.register()];
    const [own, foreign] = [await lastingMint(app, client, { sid }), await lastingMint(app, stranger, { sid })];
    const { status, body } =
      await app.call("POST", "/logout", { headers: bearer(own.access), payload: { session: true } });
    t.match({ status, body }, { status: 200, body: { revoked: true, session: true, jti: decode(own.access).jti } });
    t.equal(await isLive(foreign.access), false);
    t.match(await refresh(app, stranger, foreign.refresh), invalidGrant);
  });

  await t.test("a client with subject_prefixes ends only its own part of a session", async (t) => {
    const [sid, limited] = [randomUUID(), await app.register()];
    await patch(app, limited, { policy: { subject_prefixes: ["team-a/"] } });
    const foreign = await lastingMint(app, client, { sid });
    const own = await lastingMint(app, limited, { sid, sub: "team-a/alice" });
    const payload = { session: true };
    t.equal((await app.call("POST", "/logout", { headers: bearer(own.access), payload })).status, 200);
    t.strictSame([await isLive(own.access), await isLive(foreign.access)], [false, true]);
    t.match(await refresh(app, limited, own.refresh), invalidGrant);
    t.equal((await refresh(app, client, foreign.refresh)).status, 200);
  });

  await t.test("a cut-off while a token is refreshed, or first issued, ends what comes of it", async (t) => {
    const { tokens, revocations, revocationState, database, clients } = app.fastify;
    const owner = await clients.read(client.client_id);
    const sub = `user-${randomUUID()}`;
    /** The user is logged out just after the service has asked whether that happened. */
    const late: RevocationState["hasRevoked"] = async (...names) => {
      const answer = await revocationState.hasRevoked(...names);
      await revocations.revokeAsOperator({ sub });
      return answer;
    };
    const service = (hasRevoked: RevocationState["hasRevoked"]) => {
      const families = new RefreshTokenFamilies({
        store: database.refreshTokens, revocations, clock, ttl: 60, idleTtl: 60, retry: 10,
        state: { hasRevoked, isInLog: async () => false },
      });
      const selfRegistered = { scopes: [], audiences: [] };
      return new RefreshTokenService({ families, clients, tokens, selfRegistered, reused: () => undefined });
    };
    const { refresh: token } = await lastingMint(app, client, { sub });
    await t.rejects(service(late).exchange(owner, token, {}), { code: "invalid_grant" });
    advance(1);
    const minted = await service(late).mint(owner, { sub });
    t.equal(await isLive(minted.access_token), false);
    t.match(await refresh(app, client, minted.refresh_token ?? ""), invalidGrant);

    // A row that outlived its cut-off, because the process that made it ended before it deleted the row.
    advance(1);
    const { refresh: survivor } = await lastingMint(app, client, { sub });
    const [family] = await database.refreshTokens.findAll(await families(sub));
    await revocations.revokeAsOperator({ sub });
    await database.refreshTokens.start([family as NonNullable<typeof family>]);
    t.equal(await app.fastify.refreshTokens.introspect(owner, survivor), null);
    t.match(await refresh(app, client, survivor), { ...invalidGrant, body: { error_description: /logged out/ } });
    t.equal((await families(sub)).length, 0);
  });

  await t.test("if the token can't be signed, the refresh token is not used up", async (t) => {
    const { refresh: token } = await lastingMint(app, client);
    const long = [..."abcdefghij"].map((letter) => letter + "\u{1F6B2}".repeat(254));
    await patch(app, client, { policy: { default_audience: long } });
    t.match(await refresh(app, client, token), { status: 400, body: { error_description: /must have at most 8160/ } });
    await patch(app, client, { policy: { default_audience: null } });
    t.equal((await refresh(app, client, token)).status, 200);
  });

  await t.test("answers are sealed, forgotten after the window, and the rows are deleted in the end", async (t) => {
    const sub = `user-${randomUUID()}`;
    const first = await lastingMint(app, client, { sub });
    const second = tokensOf(await refresh(app, client, first.refresh));
    const [id = ""] = await families(sub);
    const row = async () => (await app.fastify.database.refreshTokens.findAll([id]))[0];
    const answer = () => app.fastify.database.refreshTokens.answerTo(id, digest(first.refresh));
    t.match(await answer(), /^v1\./);
    const stored = JSON.stringify([await row(), await answer()]);
    for (const secret of [first.refresh, second.refresh, second.access.split(".")[1] ?? ""])
      t.notOk(stored.includes(secret));
    const { refreshTokenFamilies } = app.fastify;
    await refreshTokenFamilies.sweep(0);
    t.not((await row())?.previousHash, undefined, "not within the window");
    advance(71);
    await refreshTokenFamilies.sweep(0);
    t.equal(await answer(), undefined);
    t.equal((await row())?.previousHash, undefined);
    await refreshTokenFamilies.sweep(clock());
    t.not(await row(), undefined, "a live row stays");
    t.match(await refresh(app, client, first.refresh), invalidGrant);
    t.equal(await isLive(second.access), false, "a reuse is still known as such");
    const old = await lastingMint(app, client, { sub });
    advance(14 * 86_400);
    await refreshTokenFamilies.sweep(clock());
    t.strictSame(await families(sub), []);
    t.match(await refresh(app, client, old.refresh), invalidGrant);
  });

  await t.test("no token is in the log", (t) => {
    const log = [...app.logs, ...other.logs].join("");
    t.match(log, /"path":"\/token"/);
    t.ok(seenTokens.size > 50);
    t.strictSame([...seenTokens].filter((token) => log.includes(token) || log.includes(token.slice(-43))), []);
    t.end();
  });

  /** The ids of the subject's families. */
  async function families(sub: string): Promise<string[]> {
    const rows = await run(env.DATABASE_URL ?? "", `SELECT id FROM refresh_tokens WHERE sub = '${sub}'`);
    return (rows as { id: string }[]).map(({ id }) => id);
  }
});

await t.test("while the database is away, a refresh token is neither refused nor used up", async (t) => {
  const app = await testApp(t, {}, { timing });
  const client = await app.register();
  const { refresh: token } = await lastingMint(app, client);
  await withoutDatabase(app);
  t.match(await refresh(app, client, token), { status: 503, body: { error: "temporarily_unavailable" } });
  t.match(await postForm(app, "/revoke", { token }, basic(client)), { status: 503 });
  t.match(await postForm(app, "/introspect", { token }, basic(client)), { status: 503 });
});

await t.test("a retry window of 0 gives no second answer", async (t) => {
  const app = await testApp(t, { AUTHFLOW_REFRESH_RETRY: "0s" }, { timing });
  const client = await app.register();
  const first = await lastingMint(app, client);
  const { access } = tokensOf(await refresh(app, client, first.refresh));
  t.match(await refresh(app, client, first.refresh), invalidGrant);
  t.equal((await app.userinfo(access)).status, 401);
});
