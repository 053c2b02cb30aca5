import t from "../../support/tap.js";
import type { Json } from "../../support/lying-upstream.js";
import { type Answers, faultsOf, namedOpenId, type OpenIdForm } from "../../support/named-upstream.js";

const GOOGLE: OpenIdForm = {
  issuer: "https://accounts.google.com",
  metadata: {
    authorization_endpoint: "https://accounts.google.com/o/oauth2/v2/auth",
    token_endpoint: "https://oauth2.googleapis.com/token",
    jwks_uri: "https://www.googleapis.com/oauth2/v3/certs",
    userinfo_endpoint: "https://openidconnect.googleapis.com/v1/userinfo",
    token_endpoint_auth_methods_supported: ["client_secret_post", "client_secret_basic"],
  },
  idToken: {
    azp: "the-client-id", sub: "110169484474386276334", email: "alice@gmail.com", email_verified: true,
    at_hash: "HK6E_P6Dh8Y93mRNtsDB1Q", name: "Alice", given_name: "Alice",
    picture: "https://lh3.googleusercontent.com/a/x=s96-c",
  },
};
const GITLAB: OpenIdForm = {
  issuer: "https://gitlab.com",
  metadata: {
    authorization_endpoint: "https://gitlab.com/oauth/authorize", token_endpoint: "https://gitlab.com/oauth/token",
    jwks_uri: "https://gitlab.com/oauth/discovery/keys", userinfo_endpoint: "https://gitlab.com/oauth/userinfo",
    token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
  },
  idToken: { auth_time: 1, sub_legacy: "9f86d081884c7d659a2feaa0c55ad015", sub: "1675940" },
  userinfo: {
    sub: "1675940", sub_legacy: "9f86d081884c7d659a2feaa0c55ad015", name: "Alice", nickname: "alice",
    preferred_username: "alice",
    email: "alice@example.com", email_verified: true, profile: "https://gitlab.com/alice",
    picture: "https://secure.gravatar.com/avatar/1?s=80&d=identicon", groups: ["a/b"],
  },
};
const LINKEDIN: OpenIdForm = {
  issuer: "https://www.linkedin.com/oauth",
  metadata: {
    authorization_endpoint: "https://www.linkedin.com/oauth/v2/authorization",
    token_endpoint: "https://www.linkedin.com/oauth/v2/accessToken",
    jwks_uri: "https://www.linkedin.com/oauth/openid/jwks",
    userinfo_endpoint: "https://api.linkedin.com/v2/userinfo",
  },
  idToken: {
    sub: "782bbtaQ", name: "Alice", given_name: "Alice", family_name: "Example", locale: "en_US",
    email: "alice@example.com",
    email_verified: "true", picture: "https://media.licdn.com/dms/image/x/profile-displayphoto-shrink_100_100/0/1",
  },
};

const CASES: [name: string, form: OpenIdForm, by: "header" | "body", pkce: boolean, expected: object][] = [
  ["google", GOOGLE, "header", true, { sub: "google|110169484474386276334", email: "alice@gmail.com",
    email_verified: true,
    name: "Alice", picture: "https://lh3.googleusercontent.com/a/x=s96-c" }],
  ["gitlab", GITLAB, "header", true, { sub: "gitlab|1675940", email: "alice@example.com", email_verified: true,
    name: "Alice",
    picture: "https://secure.gravatar.com/avatar/1?s=80&d=identicon" }],
  ["linkedin", LINKEDIN, "body", false, { sub: "linkedin|782bbtaQ", email: "alice@example.com", email_verified: true,
    name: "Alice", picture: "https://media.licdn.com/dms/image/x/profile-displayphoto-shrink_100_100/0/1" }],
];
const GITLAB_USERINFO = { "GET /oauth/userinfo": () => ({ ...GITLAB.userinfo, sub: "1" }) };
const REFUSED: Record<string, [promise: string, claims: Json, answers?: Answers][]> = {
  google: [
    ["an ID token without the nonce", { nonce: undefined }],
    ["an ID token of the issuer without its scheme", { iss: "accounts.google.com" }],
    ["an ID token for another application", { aud: "another" }],
  ],
  gitlab: [["userinfo of another user", {}, GITLAB_USERINFO]],
  linkedin: [["an ID token of another issuer", { iss: GOOGLE.issuer }]],
};
for (const [name, form, by, pkce, expected] of CASES) {
  t.test(name, async (t) => {
    const { logIn } = await namedOpenId(t, name, form);
    const login = await logIn();
    t.ok(login.authorize.href.startsWith(`${form.metadata.authorization_endpoint}?`), login.authorize.href);
    t.equal(login.authorize.searchParams.get("scope"), "openid email profile");
    t.strictSame(faultsOf(login, name, `POST ${new URL(form.metadata.token_endpoint).pathname}`, by, pkce), []);
    t.match(login.claims, expected, "the user of the ID token or of userinfo");
    for (const [promise, claims, answers] of REFUSED[name] ?? [])
      t.equal((await logIn(claims, answers)).error, "server_error", `${promise} is refused`);
    if (form.userinfo === undefined) t.match((await logIn({ email_verified: false })).claims,
      { email_verified: false });
  });
}
