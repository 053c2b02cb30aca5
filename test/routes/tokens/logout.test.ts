import t from "../../support/tap.js";
import { bearer, decode, onEveryBackend, testApp } from "../../support/app.js";

await onEveryBackend(t, async (t, env) => {
  const app = await testApp(t, env);

  await t.test("a logout is in effect when it is answered, on every replica, and a second one is 401", async (t) => {
    const other = await testApp(t, env);
    const token = await app.mint();
    t.equal((await other.userinfo(token)).status, 200);
    const { status, headers, body } = await app.logout(token);
    t.strictSame({ status, body }, { status: 200, body: { revoked: true, jti: decode(token).jti } });
    t.equal(headers["cache-control"], "no-store");
    for (const replica of [app, other]) {
      t.match(await replica.userinfo(token), { status: 401,
        body: { error: "invalid_token", error_description: "The token was revoked" } });
      const again = await replica.logout(token);
      t.match(again, { status: 401, body: { error: "invalid_token" } });
      t.match(again.headers["www-authenticate"], /^Bearer .*error="invalid_token"/);
    }
  });

  await t.test("it revokes this token alone", async (t) => {
    const client = await app.register();
    const [one, other] = [await app.mint({}, client), await app.mint({}, client)];
    await app.logout(one);
    t.equal((await app.userinfo(other)).status, 200);
  });

  await t.test("a revocation outlives the process", async (t) => {
    const token = await app.mint();
    await app.logout(token);
    const restarted = await testApp(t, env);
    t.equal((await restarted.userinfo(token)).status, 401);
  });

  await t.test("of logouts at once at least one is confirmed, and the token is revoked", async (t) => {
    const token = await app.mint();
    const answers = await Promise.all(Array.from({ length: 10 }, () => app.logout(token)));
    t.ok(answers.some(({ status }) => status === 200));
    t.ok(answers.every(({ status }) => status === 200 || status === 401));
    t.equal((await app.userinfo(token)).status, 401);
  });

  await t.test("a token that lives for ages can be revoked", async (t) => {
    const generous = await testApp(t, { ...env, AUTHFLOW_TOKEN_TTL_MAX: "24855d" });
    const token = await generous.mint({ expires_in: 24_855 * 86_400 });
    t.equal((await generous.userinfo(token)).status, 200);
    t.equal((await generous.logout(token)).status, 200);
    t.equal((await generous.userinfo(token)).status, 401);
  });

  if (env.REDIS_URL === undefined) return;
  await t.test("revoked:<jti> stands in Redis for the token's remaining life", async (t) => {
    const token = await app.mint({ expires_in: 600 });
    const { jti, exp } = decode(token);
    await app.logout(token);
    t.equal(await app.fastify.redis.expiretime(`revoked:${jti as string}`), exp);
  });
});

await t.test("the body may be absent, empty or an empty object, and nothing else", async (t) => {
  const app = await testApp(t);
  const client = await app.register();
  const json = { "content-type": "application/json" };
  const logout = async (headers: Record<string, string>, payload?: string) =>
    app.call("POST", "/logout", { headers: { ...bearer(await app.mint({}, client)), ...headers },
      ...(payload !== undefined && { payload }) });
  t.equal((await logout({})).status, 200);
  t.equal((await logout(json, "")).status, 200);
  t.equal((await logout(json, "{}")).status, 200);
  t.match(await logout(json, "{\"all\":true}"), { status: 400, body: { error_description: /all/ } });
  t.equal((await logout(json, "[]")).status, 400);
  t.equal((await logout(json, "{")).status, 400);
  t.equal((await logout({ "content-type": "text/plain" }, "{}")).status, 415);
});

await t.test("a request without a token is challenged, without an error code", async (t) => {
  const app = await testApp(t);
  const { status, headers } = await app.call("POST", "/logout");
  t.equal(status, 401);
  t.equal(headers["www-authenticate"], "Bearer realm=\"authflow\"");
});
