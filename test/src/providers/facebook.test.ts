import { createHmac } from "node:crypto";
import t from "../../support/tap.js";
import { CLIENT_SECRET, faultsOf, namedUpstream } from "../../support/named-upstream.js";

const TOKEN = "POST /v6.0/oauth/access_token";
const PROOF = createHmac("sha256", CLIENT_SECRET).update("EAAG-token").digest("hex");
/** developers.facebook.com: Graph API, "User" and "Profile Picture Source". */
const USER = {
  id: "10158932456789012", name: "Mary Alice", email: "mary@example.com",
  picture: { data: { height: 200, is_silhouette: false,
    url: "https://platform-lookaside.fbsbx.com/platform/pic/?asid=1", width: 200 } },
};
/** "Require App Secret": without the proof Facebook answers an error. */
const UNPROVEN = { error: { message: "API calls require an appsecret_proof argument", type: "GraphMethodException",
  code: 100 } };
const { logIn } = await namedUpstream(t, "facebook", {
  [TOKEN]: () => ({ access_token: "EAAG-token", token_type: "bearer", expires_in: 5183944 }),
  "GET /me": ({ query }) => (query.get("appsecret_proof") === PROOF ? USER : UNPROVEN),
});

await t.test("the user, with a proof that the token is used by its owner", async (t) => {
  const login = await logIn();
  t.match(login.authorize.href, /^https:\/\/(www\.)?facebook\.com\/v[\d.]+\/dialog\/oauth\?/);
  t.equal(login.authorize.searchParams.get("scope"), "public_profile email");
  t.strictSame(faultsOf(login, "facebook", TOKEN, "body"), []);
  const me = login.asked.get("GET /me");
  t.equal(me?.query.get("fields"), "id,name,email,picture.type(large)");
  t.equal(me?.headers.authorization, "Bearer EAAG-token");
  t.match(login.claims, {
    sub: "facebook|10158932456789012", email: "mary@example.com", email_verified: false, name: "Mary Alice",
    picture: USER.picture.data.url,
  });
});

await t.test("a user who registered with a telephone has no address", async (t) => {
  const { claims } = await logIn({ "GET /me": () => ({ id: USER.id, name: USER.name, picture: null }) });
  t.match(claims, { sub: "facebook|10158932456789012", name: "Mary Alice" });
  t.notOk("email" in claims || "email_verified" in claims || "picture" in claims);
});

await t.test("an error of the Graph API is one", async (t) => {
  t.equal((await logIn({ "GET /me": () => ({ error: { message: "x", type: "OAuthException", code: 190 } }) })).error,
    "server_error");
});
