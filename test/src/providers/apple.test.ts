import { generateKeyPairSync } from "node:crypto";
import { importSPKI, jwtVerify } from "jose";
import t from "../../support/tap.js";
import { CLIENT_ID, namedOpenId } from "../../support/named-upstream.js";

const keys = generateKeyPairSync("ec", {
  namedCurve: "P-256", publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
});
const SUB = "001999.4f6b1c2d3e4f5a6b7c8d9e0f1a2b3c4d.1234";
/** developer.apple.com: "Authenticating users with Sign in with Apple". */
const { app, logIn } = await namedOpenId(t, "apple", {
  issuer: "https://appleid.apple.com",
  metadata: {
    authorization_endpoint: "https://appleid.apple.com/auth/authorize",
    token_endpoint: "https://appleid.apple.com/auth/token", jwks_uri: "https://appleid.apple.com/auth/keys",
    userinfo_endpoint: "https://appleid.apple.com/none", token_endpoint_auth_methods_supported: ["client_secret_post"],
  },
  idToken: { sub: SUB, email: "x1@privaterelay.appleid.com", email_verified: "true", is_private_email: "true" },
  userinfo: { sub: SUB },
  env: { APPLE_TEAM_ID: "TEAM123456", APPLE_KEY_ID: "KEY1234567",
    APPLE_PRIVATE_KEY: keys.privateKey.replaceAll("\n", "\\n") },
});
const USER = { name: { firstName: "Alice", lastName: "Example" }, email: "other@example.com" };

await t.test("a first login, with a secret signed for it, and the name in the form", async (t) => {
  const { authorize, asked, claims } = await logIn({}, {}, { user: JSON.stringify(USER) });
  t.equal(authorize.origin + authorize.pathname, "https://appleid.apple.com/auth/authorize");
  t.match(Object.fromEntries(authorize.searchParams),
    { response_mode: "form_post", response_type: "code", scope: "openid name email", client_id: CLIENT_ID });
  const { form, headers } = asked.get("POST /auth/token") ?? t.fail("no token was asked for") as never;
  t.equal(headers.authorization, undefined);
  t.equal(form.get("client_id"), CLIENT_ID);
  const { payload, protectedHeader } = await jwtVerify(form.get("client_secret") ?? "",
    await importSPKI(keys.publicKey, "ES256"), { audience: "https://appleid.apple.com", issuer: "TEAM123456" });
  t.match(protectedHeader, { alg: "ES256", kid: "KEY1234567" });
  t.equal(payload.sub, CLIENT_ID);
  t.equal((payload.exp ?? 0) - (payload.iat ?? 0), 300);
  t.match(claims, { sub: `apple|${SUB}`, email: "x1@privaterelay.appleid.com", email_verified: true,
    name: "Alice Example" });
});

await t.test("later logins have no name, and what is no name is left out", async (t) => {
  const users = [undefined, "", "null", "[]", "{", "1", '{"name":null}', '{"name":"x"}', '{"name":{"firstName":{}}}'];
  for (const user of users) {
    const { claims } = await logIn({}, {}, user === undefined ? {} : { user });
    t.equal(claims.sub, `apple|${SUB}`, String(user));
    t.notOk("name" in claims);
  }
  const { claims } = await logIn({}, {}, { user: '{"name":{"firstName":"A\\u202e\\n","lastName":"B"}}' });
  t.equal(claims.name, "A B");
});

await t.test("no log has a secret, the key or the name", async (t) => {
  const logged = app.logs.join("");
  t.notMatch(logged, /PRIVATE KEY|eyJ|Alice/);
});
