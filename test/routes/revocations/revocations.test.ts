import t from "../../support/tap.js";
import { CUTOFF_TOLERANCE } from "../../../src/shared/clock.js";
import { basic, bearer, decode, manualClock, onEveryBackend, OPERATOR, someClaims, testApp,
  type TestApp } from "../../support/app.js";

const WAIT = (2 * CUTOFF_TOLERANCE + 2) / 1000;
const everywhere = (app: TestApp, token: string) =>
  app.call("POST", "/logout", { headers: bearer(token), payload: { everywhere: true } });

await onEveryBackend(t, async (t, env) => {
  const { clock, advance } = manualClock();
  const apart = (milliseconds: number) => testApp(t, env, { clock: () => clock() + milliseconds });
  const half = CUTOFF_TOLERANCE / 2; // so that the fast and the slow one differ by the bound
  const [app, fast, slow] = [await apart(0), await apart(half), await apart(-half)];
  const replicas = [app, fast, slow];
  const client = await app.register();
  const statuses = async (token: string) =>
    (await Promise.all(replicas.map(({ userinfo }) => userinfo(token)))).map(({ status }) => status);
  const tokens = (sub: string) => Promise.all(replicas.map((replica) => replica.mint({ sub, sid: sub }, client)));

  /** `end` is asked of each replica; what it answers, and how the tokens of before and after fare everywhere. */
  const WAYS: [what: string, end: (replica: TestApp, sub: string, token: string) => Promise<{ status: number }>][] = [
    ["a logout everywhere by the bearer", (replica, _sub, token) => everywhere(replica, token)],
    ["POST /revocations", (replica, sub) =>
      replica.call("POST", "/revocations", { headers: basic(client), payload: { sub } })],
    ["POST /revocations of a session", (replica, sub) =>
      replica.call("POST", "/revocations", { headers: basic(client), payload: { sid: sub } })],
    ["POST /clients/{client_id}/revoke-tokens", (replica) =>
      replica.call("POST", `/clients/${client.client_id}/revoke-tokens`, { headers: OPERATOR })],
  ];
  for (const [what, end] of WAYS) {
    for (const [i, replica] of replicas.entries()) {
      await t.test(`${what} at replica ${i} ends what was minted before, nothing that is minted after`, async (t) => {
        const sub = `user of ${what} ${i}`;
        const before = await tokens(sub);
        for (const token of before) t.strictSame(await statuses(token), [200, 200, 200]);
        t.equal((await end(replica, sub, before[0] as string)).status, 200);
        for (const token of before) t.strictSame(await statuses(token), [401, 401, 401]);
        advance(WAIT); // what the answer waited for
        for (const token of await tokens(sub)) t.strictSame(await statuses(token), [200, 200, 200]);
        for (const token of before) t.strictSame(await statuses(token), [401, 401, 401], "and for good");
        advance(WAIT);
      });
    }
  }

  await t.test("others' tokens live on", async (t) => {
    const [alice, bob] = [await app.mint({ sub: "alice" }, client), await app.mint({ sub: "bob" }, client)];
    const answer = await everywhere(app, alice);
    t.strictSame(answer.body, { revoked: true, jti: decode(alice).jti, everywhere: true });
    t.equal((await app.userinfo(bob)).status, 200);
    const other = await app.register();
    const [mine, theirs] = [await app.mint({ sub: "carol" }, client), await app.mint({ sub: "carol" }, other)];
    await app.call("POST", `/clients/${client.client_id}/revoke-tokens`, { headers: OPERATOR });
    t.strictSame([(await app.userinfo(mine)).status, (await app.userinfo(theirs)).status], [401, 200]);
    advance(WAIT);
  });

  await t.test("an ended token ends nothing: not itself again, and not its successors", async (t) => {
    const [first, second] = [await app.mint({ sub: "dave" }, client), await app.mint({ sub: "dave" }, client)];
    t.equal((await everywhere(app, first)).status, 200);
    advance(WAIT);
    const renewed = await app.mint({ sub: "dave" }, client);
    for (const token of [first, second]) {
      t.match(await everywhere(fast, token), { status: 401, body: { error: "invalid_token" } });
      t.match(await app.logout(token), { status: 401, body: { error: "invalid_token" } });
    }
    t.equal((await app.userinfo(renewed)).status, 200);
  });

  await t.test("a token without a UUIDv7 goes by its iat: at the earliest of that second", async (t) => {
    const iat = Math.floor(clock() / 1000);
    const own = await app.mint({ sub: "erin" }, client);
    const [now, next] = [iat, iat + 2].map((at) => someClaims({ jti: "a-former-token", sub: "erin", iat: at }));
    const [old, later] = [await app.sign(now as object as never), await app.sign(next as object as never)];
    t.equal((await everywhere(app, own)).status, 200);
    t.strictSame(await statuses(old), [401, 401, 401]);
    t.strictSame(await statuses(later), [200, 200, 200]);
  });

  if (env.REDIS_URL === undefined) return;
  await t.test("cut-offs stand in Redis under their names, for the longest life of a token", async (t) => {
    const token = await app.mint({ sub: "frank" }, client);
    await everywhere(app, token);
    const cutoff = clock() + CUTOFF_TOLERANCE + 1;
    const name = `authflow:${app.fastify.installation.id}:issued_before`;
    t.equal(await app.fastify.redis.get(`${name}:sub:frank`), String(cutoff), "epoch milliseconds");
    // Until an instant by this clock, which stands still: what is left by Redis's own depends on the machine's speed.
    t.equal(await app.fastify.redis.expiretime(`${name}:sub:frank`), Math.ceil(cutoff / 1000) + 86_400);
    t.ok(await app.fastify.redis.exists(`${name}:client_id:${client.client_id}`));
    const [sid, { client_id }] = ["a session:of frank's", client];
    for (const payload of [{ sid }, { sid, client_id }]) {
      t.match(await app.call("POST", "/revocations", { headers: OPERATOR, payload }), { status: 200, body: payload });
      const key = "client_id" in payload ? `${name}:client_sid:${client_id}:${sid}` : `${name}:sid:${sid}`;
      t.equal(await app.fastify.redis.get(key), String(cutoff));
    }
  });
});

await t.test("a client ends tokens only of subjects for whom it may mint", async (t) => {
  const app = await testApp(t);
  const client = await app.register();
  const patch = { policy: { subject_prefixes: ["shop|"] } };
  await app.call("PATCH", `/clients/${client.client_id}`, { headers: OPERATOR, payload: patch });
  const revoke = (payload: object, headers = basic(client)) => app.call("POST", "/revocations", { headers, payload });
  const denied = { status: 403, body: { error: "access_denied", error_description: /shop\|/ } };
  t.match(await revoke({ sub: "alice" }), denied);
  t.match(await revoke({ sub: "google|1" }), { status: 403, body: { error: "access_denied" } });
  t.match(await revoke({ sub: "shop|1" }), { status: 200, body: { revoked: true, sub: "shop|1" } });
  t.equal((await app.call("POST", "/revocations", { payload: { ...client, sub: "shop|1" } })).status, 200);
  t.match(await revoke({ sub: "shop|\0" }), { status: 400, body: { error_description: /^sub must not hold control/ } });
  t.match(await revoke({}), { status: 400, body: { error_description: "sub or sid is missing" } });
  t.match(await revoke({ sub: "shop|1", everyone: true }), { status: 400, body: { error_description: /everyone/ } });
  t.match(await revoke({ sub: "shop|1" }, basic({ ...client, client_secret: "wrong" })),
    { status: 401, body: { error: "invalid_client" } });
});

await t.test("only operators end a client's tokens", async (t) => {
  const app = await testApp(t);
  const client = await app.register();
  const path = `/clients/${client.client_id}/revoke-tokens`;
  t.equal((await app.call("POST", path)).status, 401);
  t.equal((await app.call("POST", path, { headers: basic(client) })).status, 401);
  t.match(await app.call("POST", "/clients/1/revoke-tokens", { headers: OPERATOR }), { status: 400 });
});

await t.test("everywhere is true or false", async (t) => {
  const app = await testApp(t);
  const client = await app.register();
  const [one, other] = [await app.mint({}, client), await app.mint({}, client)];
  const logout = (payload: object) => app.call("POST", "/logout", { headers: bearer(one), payload });
  t.match(await logout({ everywhere: "true" }), { status: 400, body: { error_description: /everywhere/ } });
  t.equal((await logout({ everywhere: false })).status, 200);
  t.equal((await app.userinfo(other)).status, 200);
});
