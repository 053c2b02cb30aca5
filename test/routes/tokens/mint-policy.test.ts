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
  t.match({ ...decode(token), typ: decode(token, 0).typ }, { aud: "api", typ: "JWT" });
  t.equal(decode((await mint({ audience: "other" })).body.access_token as string).aud, "other");
  t.match(await mint({ audience: "third" }), { status: 400, body: { error: "invalid_target" } });
});

await t.test("at_jwt_audiences switches the type of RFC 9068 on, for these audiences only", async (t) => {
  const mint = await clientWith({ default_audience: ["strict"], at_jwt_audiences: ["strict", "other"] });
  const typ = async (payload: object) => decode((await mint(payload)).body.access_token as string, 0).typ;
  const asked = [{}, ...["other", ["api", "other"], "api", "STRICT"].map((audience) => ({ audience }))];
  t.strictSame(await Promise.all(asked.map(typ)), ["at+jwt", "at+jwt", "at+jwt", "JWT", "JWT"]);
});

await t.test("scopes limits the values of a requested scope", async (t) => {
  const mint = await clientWith({ scopes: ["read", "write"] });
  for (const scope of ["read", "write read"]) {
    const { status, body } = await mint({ scope });
    t.equal(status, 200);
    t.notOk("scope" in body, "RFC 6749 §5.1: only if it differs from the requested one");
  }
  for (const scope of ["read admin", "READ"]) {
    t.match(await mint({ scope }), { status: 400,
      body: { error: "invalid_scope", error_description: /is not among those this client may use: read, write/ } });
  }
  t.equal((await mint({})).status, 200);
  const none = await clientWith({ scopes: [] });
  t.match(await none({ scope: "read" }), { status: 400, body: { error: "invalid_scope" } });
});

await t.test("claim_names limits what a client says about logins too", async (t) => {
  const mint = await clientWith({ claim_names: ["roles", "acr"] });
  t.equal((await mint({ acr: "2", claims: { roles: [] } })).status, 200);
  for (const claim of [{ amr: ["pwd"] }, { auth_time: 1 }, { sid: "1" }]) {
    const description = new RegExp(`^${Object.keys(claim)[0]} is not among the claims this client may set: roles, acr`);
    t.match(await mint(claim), { status: 403, body: { error: "access_denied", error_description: description } });
  }
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
