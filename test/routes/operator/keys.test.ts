import t from "../../support/tap.js";
import { bearer, decode, manualClock, onEveryBackend, OPERATOR, testApp, type TestApp } from "../../support/app.js";
import { until } from "../../e2e/support.js";

interface Key { kid: string; state: string; created_at: string; activates_at: string | null; leaves_at: string | null }
const keysOf = async (app: TestApp, method: "GET" | "POST" = "GET", path = "/keys"): Promise<Key[]> =>
  (await app.call(method, path, { headers: OPERATOR })).body.keys as Key[];
const published = async (app: TestApp): Promise<string[]> =>
  ((await app.call("GET", "/.well-known/jwks.json")).body.keys as { kid: string }[]).map(({ kid }) => kid);

const CACHE = 40;
const LEAD = 300 + CACHE + 60;

await onEveryBackend(t, async (t, env) => {
  const { clock, advance } = manualClock();
  const settings = { ...env, AUTHFLOW_VERIFIER_CACHE: `${CACHE}s` };
  const [app, other] = [await testApp(t, settings, { clock }), await testApp(t, settings, { clock })];

  await t.test("a rotation publishes at once here, soon on the others, and signs after the lead", async (t) => {
    const client = await app.register();
    const [first] = await keysOf(app);
    t.match(first, { state: "active", activates_at: null, leaves_at: null });
    const before = await app.mint({}, client);
    advance(1); // keys of one instant come in the order of their kids
    const ring = await keysOf(app, "POST", "/keys/rotate");
    t.strictSame(ring.map(({ state }) => state), ["active", "staged"]);
    const [, next] = ring as [Key, Key];
    t.equal(next.activates_at, new Date(clock() + LEAD * 1000).toISOString());
    t.strictSame(await published(app), [first?.kid, next.kid]);
    await until("the other publishes it", async () => (await published(other)).includes(next.kid), 5000);
    t.strictSame(await keysOf(app, "POST", "/keys/rotate"), ring, "another call changes nothing");

    advance(LEAD - 1);
    t.equal(decode(await other.mint({}, client), 0).kid, first?.kid);
    advance(1);
    for (const replica of [app, other]) {
      await until("it signs", async () => decode(await replica.mint({}, client), 0).kid === next.kid, 5000);
      t.strictSame(await published(replica), [next.kid, first?.kid]);
      t.equal((await replica.userinfo(before)).status, 200, "tokens of the former key live on");
    }
    t.match(await keysOf(other), [{ state: "retired", leaves_at: new Date(clock() + 86_460_000).toISOString() }, {}]);
  });
});

for (const [method, path] of [["GET", "/keys"], ["POST", "/keys/rotate"]] as const) {
  await t.test(`${method} ${path} is the operators' alone`, async (t) => {
    const app = await testApp(t);
    t.equal((await app.call(method, path)).status, 401);
    t.equal((await app.call(method, path, { headers: bearer(await app.mint()) })).status, 401);
    const off = await testApp(t, { AUTHFLOW_ADMIN_TOKEN: "" });
    t.match(await off.call(method, path, { headers: OPERATOR }), { status: 403, body: { error: "access_denied" } });
    t.equal((await app.call(method, path, { headers: OPERATOR })).status, 200);
  });
}
