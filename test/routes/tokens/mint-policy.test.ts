import t from "../../support/tap.js";
import { basic, decode, OPERATOR, testApp } from "../../support/app.js";

const app = await testApp(t);
async function clientWith(policy: object) {
  const client = await app.register();
  const { status } = await app.call("PATCH", `/clients/${client.client_id}`,
    { headers: OPERATOR, payload: { policy } });
  t.equal(status, 200);
  return (payload: object) => app.call("POST", "/mint", { headers: basic(client),
    payload: { sub: "alice", ...payload } });
}

await t.test("a client's default audience stands in tokens whose request names none", async (t) => {
  const mint = await clientWith({ default_audience: ["api"], audiences: ["other"] });
  const token = (await mint({})).body.access_token as string;
  t.match({ ...decode(token), typ: decode(token, 0).typ }, { aud: "api", typ: "at+jwt" });
  t.equal(decode((await mint({ audience: "other" })).body.access_token as string).aud, "other");
  t.match(await mint({ audience: "third" }), { status: 400, body: { error: "invalid_target" } });
});

await t.test("an empty default audience, which would make a token for nobody, is refused", async (t) => {
  const { client_id: id } = await app.register();
  const payload = { policy: { default_audience: [] } };
  t.equal((await app.call("PATCH", `/clients/${id}`, { headers: OPERATOR, payload })).status, 400);
});

await t.test("what a policy forbids is refused with the reason", async (t) => {
  const mint = await clientWith({ providers: ["sso"], claim_names: ["roles"], subject_prefixes: ["shop|"] });
  const good = { sub: "shop|1", provider: "sso", claims: { roles: [] } };
  t.equal((await mint(good)).status, 200);
  for (const [change, reason] of [[{ provider: "google" }, /provider "google"/], [{ sub: "alice" }, /shop\|/],
    [{ claims: { admin: true } }, /claims\.admin/]] as const) {
    t.match(await mint({ ...good, ...change }), { status: 403,
      body: { error: "access_denied", error_description: reason } });
  }
});
