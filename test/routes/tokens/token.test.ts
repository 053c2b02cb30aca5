import { createRemoteJWKSet, jwtVerify } from "jose";
import t from "../../support/tap.js";
import { AuthorizationCodeService } from "../../../src/login/authorization-code-service.js";
import type { RevocationState } from "../../../src/revocation/revocation-state.js";
import { basic, bearer, decode, manualClock, onEveryBackend, OPERATOR, REDIRECT_URI } from "../../support/app.js";
import { delivered, loginFixture, PKCE, VERIFIER } from "../../support/login.js";

await onEveryBackend(t, async (t, env) => {
  const { app, client, logIn, exchange } = await loginFixture(t, env);
  const spa = await app.register({ token_endpoint_auth_method: "none" });
  const codeFor = async (query: Record<string, string>, user = "alice"): Promise<string> =>
    delivered(await logIn(user, { response_type: "code", ...query })).code as string;

  await t.test("a public client exchanges its code with the verifier alone", async (t) => {
    const code = await codeFor({ ...PKCE, client_id: spa.client_id });
    const answer = await exchange({ code, client_id: spa.client_id, code_verifier: VERIFIER });
    t.match(answer,
      { status: 200, body: { token_type: "Bearer", expires_in: 3600 }, headers: { "cache-control": "no-store" } });
    const token = answer.body.access_token as string;
    t.match(decode(token),
      { sub: "corp|alice", client_id: spa.client_id, provider: "corp", email_verified: true, name: "The alice" });
    t.equal((await app.userinfo(token)).status, 200);
  });

  await t.test("a confidential client authenticates, by HTTP Basic or in the body, with PKCE or without", async (t) => {
    t.equal((await exchange({ code: await codeFor({}) }, basic(client))).status, 200);
    t.equal((await exchange({ code: await codeFor({}), ...client })).status, 200);
    t.equal((await exchange({ code: await codeFor(PKCE), code_verifier: VERIFIER }, basic(client))).status, 200);
  });

  const good = { client_id: spa.client_id, code_verifier: VERIFIER };
  const REFUSED: [what: string, query: Record<string, string>,
    form: Record<string, string | undefined>, error: string, description: RegExp][] = [
    ["another verifier", { client_id: spa.client_id, ...PKCE }, { ...good, code_verifier: `${VERIFIER}x` },
      "invalid_grant", /does not match/],
    ["no verifier", { client_id: spa.client_id, ...PKCE }, { ...good, code_verifier: undefined }, "invalid_grant",
      /code_verifier is missing/],
    ["a verifier without a challenge", {}, { ...client, code_verifier: VERIFIER }, "invalid_grant",
      /no code_challenge/],
    ["another redirect_uri", {}, { ...client, redirect_uri: `${REDIRECT_URI}/` }, "invalid_grant",
      /redirect_uri is not the one/],
    ["no redirect_uri", {}, { ...client, redirect_uri: undefined }, "invalid_request", /redirect_uri is missing/],
    ["another client", {}, { client_id: spa.client_id }, "invalid_grant", /unknown or expired/],
    ["a client without its secret", {}, { client_id: client.client_id }, "invalid_client", /authentication failed/],
    ["a wrong secret", {}, { ...client, client_secret: "wrong" }, "invalid_client", /authentication failed/],
    ["nobody", {}, {}, "invalid_request", /client_id is missing/],
    ["no grant_type", {}, { ...client, grant_type: undefined }, "invalid_request", /grant_type is missing/],
    ["another grant_type", {}, { ...client, grant_type: "password" }, "unsupported_grant_type", /authorization_code/],
  ];
  for (const [what, query, form, error, description] of REFUSED) {
    await t.test(`${what} is refused, and the right client still gets its token`, async (t) => {
      const code = await codeFor(query);
      t.match(await exchange({ code, ...form }), { body: { error, error_description: description } });
      const right = query.client_id === undefined ? client : good;
      t.equal((await exchange({ code, ...right })).status, 200, "the attempt did not use the code up");
    });
  }

  await t.test("a code that comes again is refused, and the token it gave is revoked", async (t) => {
    const code = await codeFor({});
    const { body: { access_token: token } } = await exchange({ code, ...client });
    t.equal((await app.userinfo(token as string)).status, 200);
    t.match(await exchange({ code, ...client }),
      { status: 400, body: { error: "invalid_grant", error_description: /used before/ } });
    t.equal((await app.userinfo(token as string)).status, 401);
    t.match(await exchange({ code, ...client }), { status: 400, body: { error: "invalid_grant" } }, "and again");
    const { revoked } = await app.fastify.feed.page(1000);
    t.equal(revoked.filter((entry) => JSON.stringify(entry).includes(String(decode(token as string).jti))).length, 1,
      "one entry in the log, however often it comes");
  });

  await t.test("another client that comes with a used code revokes nothing", async (t) => {
    const code = await codeFor({});
    const { body: { access_token: token } } = await exchange({ code, ...client });
    t.match(await exchange({ code, client_id: spa.client_id, code_verifier: VERIFIER }),
      { body: { error: "invalid_grant" } });
    t.equal((await app.userinfo(token as string)).status, 200);
  });

  await t.test("of many exchanges at once one gets a token at most, and that is revoked", async (t) => {
    const code = await codeFor({});
    const answers = await Promise.all(Array.from({ length: 12 }, () => exchange({ code, ...client })));
    const tokens = answers.filter(({ status }) => status === 200).map(({ body }) => body.access_token as string);
    t.equal(tokens.length, 1);
    t.strictSame([...new Set(answers.filter(({ status }) => status !== 200).map(({ body }) => body.error))],
      ["invalid_grant"]);
    t.equal((await app.userinfo(tokens[0] as string)).status, 401);
  });

  await t.test("a code that was issued before a log-out-everywhere gives no token", async (t) => {
    const logOut = async (user: string, payload: object): Promise<void> => {
      const { access_token: token = "" } = delivered(await logIn(user));
      t.equal((await app.call("POST", "/logout", { headers: bearer(token), payload })).status, 200);
    };
    const [code, neighbour] = [await codeFor({}, "carol"), await codeFor({}, "dave")];
    await logOut("carol", {});
    t.equal((await exchange({ code: await codeFor({}, "carol"), ...client })).status, 200, "only one token was");
    await logOut("carol", { everywhere: true });
    t.match(await exchange({ code, ...client }), {
      status: 400,
      body: {
        error: "invalid_grant",
        error_description: "The user was logged out after this code was issued: start the login again",
      },
    });
    t.equal((await exchange({ code: neighbour, ...client })).status, 200);
    t.equal((await exchange({ code: await codeFor({}, "carol"), ...client })).status, 200, "the next login is as ever");
  });

  await t.test("a log-out-everywhere while a code is exchanged ends the token that it gives", async (t) => {
    const { tokens, revocations, revocationState, statusOf, clock, clients, database, config } = app.fastify;
    /** The user logs out everywhere just after the exchange has asked whether that happened. */
    const hasRevoked: RevocationState["hasRevoked"] = async (...names) => {
      const answer = await revocationState.hasRevoked(...names);
      await revocations.revokeAsOperator({ sub: "corp|erin" });
      return answer;
    };
    const codes = new AuthorizationCodeService({
      store: database.authorizationCodes, clients, tokens, revocations, clock, statusOf,
      families: app.fastify.refreshTokenFamilies, selfRegistered: config.selfRegistered,
      state: { hasRevoked },
    });
    const code = await codeFor({}, "erin");
    const owner = await clients.read(client.client_id);
    const { access_token: token } =
      await codes.exchange(owner, { code, redirectUri: REDIRECT_URI, codeVerifier: undefined });
    t.equal((await app.userinfo(token)).status, 401);
  });

  await t.test("a code whose token can't be signed is not used up", async (t) => {
    const { client_id: id } = client;
    const setAudience = async (default_audience: string[] | null) => {
      const payload = { policy: { default_audience } };
      t.equal((await app.call("PATCH", `/clients/${id}`, { headers: OPERATOR, payload })).status, 200);
    };
    const code = await codeFor({}, "frank");
    await setAudience([..."abcdefghij"].map((letter) => letter + "\u{1F6B2}".repeat(254))); // too much for a token
    const tooLong = await exchange({ code, ...client });
    t.match(tooLong, { status: 400, body: { error_description: /must have at most 8160/ } });
    await setAudience(null);
    const { status, body } = await exchange({ code, ...client });
    t.equal(status, 200);
    t.equal((await app.userinfo(body.access_token as string)).status, 200);
  });

  await t.test("an invented code is refused", async (t) => {
    for (const code of ["x", "A".repeat(43), "\0"])
      t.match(await exchange({ code, ...client }), { status: 400, body: { error: "invalid_grant" } });
    t.match(await exchange({ ...client }), { status: 400, body: { error_description: /code is missing/ } });
  });

  await t.test("a form is what it takes, each parameter once", async (t) => {
    const asJson =
      await app.call("POST", "/token", { payload: { grant_type: "authorization_code", code: "x", ...client } });
    t.match(asJson, { status: 415, body: { error_description: /application\/x-www-form-urlencoded/ } });
    const twice = await app.call("POST", "/token", {
      headers: { "content-type": "application/x-www-form-urlencoded" },
      payload: `grant_type=authorization_code&code=a&code=b&client_id=${spa.client_id}`,
    });
    t.match(twice, { status: 400, body: { error: "invalid_request", error_description: "code must be given once" } });
    t.match(await app.call("POST", "/mint",
      { headers: { "content-type": "application/x-www-form-urlencoded" }, payload: "sub=a" }),
      { status: 415, body: { error_description: /application\/json/ } }, "the others take JSON as before");
  });

  await t.test("a second secret is refused; an equal client_id beside Basic is fine", async (t) => {
    t.match(await exchange({ code: "x", ...client }, basic(client)),
      { status: 400, body: { error: "invalid_request", error_description: /not both/ } });
    const code = await codeFor({});
    t.match(await exchange({ code, client_id: spa.client_id }, basic(client)),
      { status: 400, body: { error: "invalid_request", error_description: /differs/ } });
    t.equal((await exchange({ code, client_id: client.client_id }, basic(client))).status, 200);
  });

  await t.test("a public client may name itself by Basic with an empty secret (RFC 6749 §2.3.1)", async (t) => {
    const code = await codeFor({ ...PKCE, client_id: spa.client_id });
    const form = { code, code_verifier: VERIFIER };
    t.equal((await exchange(form, basic({ ...client, client_secret: "" }))).status, 401, "a confidential one may not");
    t.equal((await exchange(form, basic({ ...spa, client_secret: "" }))).status, 200);
  });

  await t.test("a parameter without a value counts as omitted (RFC 6749 §3.2)", async (t) => {
    const code = await codeFor({ ...PKCE, client_id: spa.client_id });
    const named = { client_id: spa.client_id, code_verifier: VERIFIER };
    for (const [empty, description] of [["grant_type", /^grant_type is missing/], ["code", /^code is missing/],
      ["redirect_uri", /^redirect_uri is missing/], ["client_id", /^client_id is missing/],
      ["code_verifier", /^code_verifier is missing/]] as const)
      t.match(await exchange({ code, ...named, [empty]: "" }), { body: { error_description: description } });
    const sent = { code, ...named, client_secret: "", resource: "", scope: "" };
    t.equal((await exchange(sent)).status, 200);
    t.equal((await exchange({ code: await codeFor({}), code_verifier: "", client_id: "", client_secret: "" },
      basic(client))).status, 200);
    const twice = await app.call("POST", "/token", {
      headers: { "content-type": "application/x-www-form-urlencoded" },
      payload: `grant_type=authorization_code&code=&code=b&client_id=${spa.client_id}`,
    });
    t.match(twice, { status: 400, body: { error_description: "code must be given once" } });
  });

  await t.test("a code_verifier has 43 to 128 characters of its alphabet (RFC 7636 §4.1)", async (t) => {
    const code = await codeFor({ ...PKCE, client_id: spa.client_id });
    const short = VERIFIER.slice(1);
    for (const code_verifier of ["x", short, "a".repeat(129), "a".repeat(3000), `${short}+`, `${short}=`, `${short} `,
      `${short}\u00e9`, `${VERIFIER}\n`]) {
      t.match(await exchange({ code, client_id: spa.client_id, code_verifier }), { status: 400, body: {
        error: "invalid_request", error_description: /^code_verifier is not valid: .*43 to 128/,
      } }, code_verifier.slice(0, 60));
    }
    for (const code_verifier of ["a".repeat(43), "~.-_".repeat(32)])
      t.match(await exchange({ code, client_id: spa.client_id, code_verifier }), { body: { error: "invalid_grant" } });
    t.equal((await exchange({ code, client_id: spa.client_id, code_verifier: VERIFIER })).status, 200);
  });

  await t.test("a public client mints nothing and has no secret to rotate", async (t) => {
    for (const client_secret of ["", "x", "undefined"]) {
      const { status } =
        await app.call("POST", "/mint", { payload: { client_id: spa.client_id, client_secret, sub: "a" } });
      t.ok(status === 401 || status === 400, `${status}`);
    }
    t.match(await app.call("POST", `/clients/${spa.client_id}/rotate-secret`, { headers: OPERATOR, payload: {} }),
      { status: 400, body: { error_description: /public client/ } });
  });

  await t.test("a page from anywhere may call it, without cookies", async (t) => {
    const { status, headers } = await app.call("OPTIONS", "/token", {
      headers: { origin: "https://spa.example",
        "access-control-request-method": "POST", "access-control-request-headers": "content-type" },
    });
    t.match({ status, headers }, { status: 204, headers: { "access-control-allow-origin": "*" } });
    t.equal(headers["access-control-allow-credentials"], undefined);
  });

  await t.test("in the course of time", async (t) => {
    const { clock, advance } = manualClock();
    const { app, client, logIn, exchange } = await loginFixture(t, env, { clock });
    const code = async () => delivered(await logIn("alice", { response_type: "code" })).code as string;
    const [inTime, late, replayed] = [await code(), await code(), await code()];
    const { body: { access_token: token } } = await exchange({ code: replayed, ...client });
    advance(59);
    t.equal((await exchange({ code: inTime, ...client })).status, 200);
    advance(2);
    t.match(await exchange({ code: late, ...client }), { status: 400, body: { error: "invalid_grant" } });
    advance(1800);
    await app.fastify.authorizationCodes.sweep(clock());
    t.match(await exchange({ code: replayed, ...client }), { body: { error_description: /used before/ } },
      "a replay is detected for as long as the token lives");
    t.equal((await app.userinfo(token as string)).status, 401);
  });
});

await t.test("a token of a login verifies with the JWKS, as any other", async (t) => {
  const { app, logIn } = await loginFixture(t);
  const url = await app.fastify.listen({ port: 0, host: "127.0.0.1" });
  const keys = createRemoteJWKSet(new URL(`${url}/.well-known/jwks.json`));
  const { access_token: token = "" } = delivered(await logIn("alice"));
  t.match(await jwtVerify(token, keys, { issuer: "authflow-go" }), { payload: { sub: "corp|alice" } });
});
