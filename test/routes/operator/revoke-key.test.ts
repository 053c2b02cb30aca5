import { generateKeyPairSync } from "node:crypto";
import t from "../../support/tap.js";
import { until } from "../../e2e/support.js";
import { bearer, decode, onEveryBackend, OPERATOR, someClaims, testApp, type TestApp } from "../../support/app.js";

const pem = (): string =>
  generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "pem", type: "pkcs8" }).toString();
const KEK = { AUTHFLOW_KEY_ENCRYPTION_KEY: Buffer.alloc(32, 5).toString("base64") };
const revoke = (app: TestApp, kid: string) => app.call("POST", `/keys/${kid}/revoke`, { headers: OPERATOR });
const published = async (app: TestApp): Promise<string[]> =>
  ((await app.call("GET", "/.well-known/jwks.json")).body.keys as { kid: string }[]).map(({ kid }) => kid);
const kidOf = (token: string): string => decode(token, 0).kid as string;

await onEveryBackend(t, async (t, env) => {
  const settings = { ...env, ...KEK };
  const [app, other] = [await testApp(t, settings), await testApp(t, settings)];

  await t.test("a revoked key leaves the JWKS and takes all its tokens along, on every replica", async (t) => {
    const client = await app.register();
    const latest = Math.floor(Date.now() / 1000) + 240; // nearly as far in the future as a token may be issued
    const one = await app.mint({}, client);
    const forged = await app.sign(someClaims({ iat: latest, exp: latest + 86_400 }));
    t.strictSame([(await other.userinfo(one)).status, (await other.userinfo(forged)).status], [200, 200]);
    const kid = kidOf(one);
    const { status, body } = await revoke(app, kid);
    t.equal(status, 200);
    const [successor, ...rest] = body.keys as { kid: string; state: string }[];
    t.match(successor, { state: "active" });
    t.strictSame(rest, []);
    t.strictSame(await published(app), [successor?.kid]);
    for (const token of [one, forged]) {
      t.match(await app.userinfo(token), { status: 401, body: { error: "invalid_token" } });
      t.match(await other.userinfo(token), { status: 401, body: { error: "invalid_token" } }, "at once, by its entry");
    }
    const next = await app.mint({}, client);
    t.equal(kidOf(next), successor?.kid);
    t.equal((await other.userinfo(next)).status, 200, "the other reads the ring before it refuses an unknown kid");
    await until("the other publishes the same", async () => (await published(other)).join() === successor?.kid, 5000);
    t.equal((await revoke(app, kid)).status, 200, "repeating it is no error");
    t.strictSame(await published(app), [successor?.kid]);
  });

  await t.test("a staged key takes over at once; a staged one that is revoked just goes", async (t) => {
    const rotate = async () =>
      (await app.call("POST", "/keys/rotate", { headers: OPERATOR })).body.keys as { kid: string }[];
    const [active, first] = await rotate() as [{ kid: string }, { kid: string }];
    await revoke(app, first.kid);
    t.strictSame(await published(app), [active.kid]);
    const [, second] = await rotate() as [{ kid: string }, { kid: string }];
    await revoke(app, active.kid);
    t.strictSame(await published(app), [second.kid]);
    t.equal(kidOf(await app.mint()), second.kid);
  });

  await t.test("of revocations at once all agree on one successor", async (t) => {
    const [kid] = await published(app) as [string];
    await Promise.all([app, other, app, other].map((replica) => revoke(replica, kid)));
    t.strictSame(await published(app), await published(other));
    t.equal((await published(app)).length, 1);
  });

  await t.test("a revoked key can't be imported again, under whatever kid", async (t) => {
    const key = pem();
    const import_ = (kid: string) => testApp(t, { ...settings, AUTHFLOW_SIGNING_KEY: key, JWT_KEY_ID: kid });
    const importing = await import_("imported");
    t.equal(kidOf(await importing.mint()), "imported");
    t.equal((await revoke(importing, "imported")).status, 200);
    for (const kid of ["imported", "another-name"]) {
      const again = await import_(kid);
      t.notOk((await published(again)).includes(kid));
      t.match(again.logs.join(""), /imported signing key was revoked and will never sign again/);
    }
  });
});

await t.test("only operators revoke, and only keys that there are", async (t) => {
  const app = await testApp(t);
  const path = `/keys/${(await published(app))[0]}/revoke`;
  t.equal((await app.call("POST", path)).status, 401);
  t.equal((await app.call("POST", path, { headers: bearer(await app.mint()) })).status, 401);
  t.match(await revoke(app, "unknown"), { status: 404, body: { error: "not_found", error_description: /GET \/keys/ } });
  t.match(await revoke(app, "a%20b"), { status: 400, body: { error: "invalid_request", error_description: /kid/ } });
  t.equal((await published(app)).length, 1);
});
