import t from "../../support/tap.js";
import { bearer, decode, onEveryBackend, someClaims, testApp, withoutDatabase } from "../../support/app.js";

await onEveryBackend(t, async (t, env) => {
  const app = await testApp(t, env);

  await t.test("a live token gets its claims, custom ones included", async (t) => {
    const token = await app.mint({ email: "alice@example.com", claims: { roles: ["editor"] }, audience: "api" });
    const { status, headers, body } = await app.userinfo(token);
    t.equal(status, 200);
    t.strictSame(body, decode(token));
    t.equal(headers["cache-control"], "no-store");
  });

  await t.test("a token of another installation gets 401", async (t) => {
    const foreign = await testApp(t);
    t.match(await app.userinfo(await foreign.mint()), { status: 401, body: { error: "invalid_token" } });
  });

  await t.test("what can't be known to be live is not called live", async (t) => {
    if (env.REDIS_URL !== undefined) return; // there Redis knows: see the end-to-end tests
    const token = await app.mint();
    await withoutDatabase(app);
    t.match(await app.userinfo(token), { status: 503, body: { error: "temporarily_unavailable" } });
    t.match(await app.logout(token), { status: 503, body: { error: "temporarily_unavailable" } });
  });
});

await t.test("an expired token gets 401 and the reason", async (t) => {
  const app = await testApp(t);
  const answer = await app.userinfo(await app.sign(someClaims({ iat: 1_000_000_000, exp: 1_000_000_060 })));
  t.match(answer, { status: 401, body: { error: "invalid_token", error_description: "The token has expired" } });
  t.match(answer.headers["www-authenticate"],
    /^Bearer realm="authflow", error="invalid_token", error_description="The token has expired"$/);
});

await t.test("exp is checked by the replica's steady clock, to the millisecond", async (t) => {
  let now = Date.now();
  const app = await testApp(t, {}, { clock: () => now });
  const token = await app.mint({ expires_in: 60 });
  const end = (decode(token) as { exp: number }).exp * 1000;
  now = end - 1;
  t.equal((await app.userinfo(token)).status, 200);
  now = end;
  t.match(await app.userinfo(token), { status: 401, body: { error_description: "The token has expired" } });
  t.equal((await app.logout(token)).status, 401);
  now = end - 3_600_000;
  t.equal((await app.userinfo(token)).status, 200);
});

await t.test("a token of another issuer under the same key gets 401", async (t) => {
  const app = await testApp(t, { AUTHFLOW_ISSUER: "https://id.example.com" });
  t.equal((await app.userinfo(await app.sign(someClaims({ iss: "https://id.example.com" })))).status, 200);
  t.equal((await app.userinfo(await app.sign(someClaims({ iss: "authflow-go" })))).status, 401);
  t.equal((await app.userinfo(await app.sign(someClaims({ iss: ["https://id.example.com"] })))).status, 401);
});

await t.test("by POST the token may be in the header or in the form (RFC 6750 §2.2), but not in both", async (t) => {
  const app = await testApp(t);
  const token = await app.mint();
  const form = (payload: string, headers = {}) => app.call("POST", "/userinfo",
    { headers: { "content-type": "application/x-www-form-urlencoded", ...headers }, payload });
  for (const answer of [
    await app.call("POST", "/userinfo", { headers: bearer(token) }), await form("", bearer(token)),
    await form("access_token=", bearer(token)), await form("a=b", bearer(token)),
    await form(`access_token=${token}`), await form(`access_token=${token}&a=b`),
    await form(`access_token=${token}`, { authorization: "" }),
  ]) {
    t.match(answer, { status: 200, headers: { "cache-control": "no-store" } });
    t.strictSame(answer.body, decode(token));
  }
  t.match(await form(`access_token=${token}`, bearer(token)),
    { status: 400, body: { error: "invalid_request", error_description: /not both/ } });
  t.match(await form(`access_token=${token}&access_token=${token}`), { status: 400 }, "repeated");
  for (const payload of ["", "access_token=", "token=x", `ACCESS_TOKEN=${token}`])
    t.match(await form(payload), { status: 401, headers: { "www-authenticate": /^Bearer realm="authflow"$/ } });
  t.match(await form("access_token=x"), { status: 401, body: { error: "invalid_token" } });
  t.match(await app.call("POST", "/userinfo", { payload: { access_token: token } }),
    { status: 415, body: { error_description: /form-urlencoded/ } });
  t.equal((await app.call("POST", `/userinfo?access_token=${token}`)).status, 401);
  await app.logout(token);
  t.match(await form(`access_token=${token}`), { status: 401, body: { error: "invalid_token" } });
});

await t.test("what is not one bearer token gets 401 with a challenge", async (t) => {
  const app = await testApp(t);
  const token = await app.mint();
  for (const authorization of ["", "Bearer", "Bearer ", `Basic ${token}`, `Token ${token}`, token, "Bearer a",
    "Bearer a.b", "Bearer a.b.c",
    "Bearer ..", `Bearer ${token} ${token}`, `Bearer ${token}.${token}`, `Bearer ${token.slice(0, -8)}`,
      `Bearer "${token}"`, "Bearer \u00e9"]) {
    const { status, headers, body } = await app.call("GET", "/userinfo", { headers: { authorization } });
    t.match({ status, body, challenge: headers["www-authenticate"] },
      { status: 401, body: { error: /^invalid_(token|request)$/ }, challenge: /^Bearer / },
      authorization.slice(0, 20));
  }
  t.equal((await app.call("GET", `/userinfo?access_token=${token}`)).status, 401,
    "a token in the query is not read (RFC 6750 §5.3)");
  for (const scheme of ["bearer ", "BEARER ", "Bearer  ", "bEaReR      "])
    t.equal((await app.call("GET", "/userinfo", { headers: { authorization: scheme + token } })).status, 200, scheme);
  const { headers, body } = await app.call("GET", "/userinfo", { headers: { authorization: "" } });
  t.match({ body, challenge: headers["www-authenticate"] },
    { body: { error: "invalid_request" }, challenge: "Bearer realm=\"authflow\"" }, "an empty header presents nothing");
  t.equal((await app.call("HEAD", "/userinfo", { headers: bearer(token) })).text, "");
});
