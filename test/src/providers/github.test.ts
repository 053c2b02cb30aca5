import t from "../../support/tap.js";
import { type Asked, faultsOf, namedUpstream } from "../../support/named-upstream.js";

const TOKEN = "POST /login/oauth/access_token";
/** docs.github.com: "Get the authenticated user", "List email addresses for the authenticated user". */
const USER = {
  login: "octocat", id: 583231, node_id: "MDQ6VXNlcjU4MzIzMQ==",
  avatar_url: "https://avatars.githubusercontent.com/u/583231?v=4",
  type: "User", name: "The Octocat", company: "@github", email: null, two_factor_authentication: true,
};
const address = (email: string, primary: boolean, verified: boolean) =>
  ({ email, primary, verified, visibility: primary ? "private" : null });
const EMAILS: unknown[] = [address("old@example.com", false, true), address("octocat@example.com", true, true)];
const granted = ({ headers }: Asked): unknown => headers.accept === "application/json"
  ? { access_token: "gho_token", token_type: "bearer", scope: "read:user,user:email" }
  : "access_token=gho_token&scope=read%3Auser%2Cuser%3Aemail&token_type=bearer";
/** api.github.com answers 403 to who does not say a name, and 401 to who has no token. */
const forCallers = (body: unknown) => ({ headers }: Asked): unknown => {
  const isWelcome = headers["user-agent"] !== undefined && headers.authorization === "Bearer gho_token";
  return isWelcome ? body : { message: "Bad credentials" };
};

const { app, logIn } = await namedUpstream(t, "github",
  { [TOKEN]: granted, "GET /user": forCallers(USER), "GET /user/emails": forCallers(EMAILS) });

await t.test("the user, by number, with the primary address of the list", async (t) => {
  const login = await logIn();
  t.equal(login.authorize.origin + login.authorize.pathname, "https://github.com/login/oauth/authorize");
  t.equal(login.authorize.searchParams.get("scope"), "read:user user:email");
  t.strictSame(faultsOf(login, "github", TOKEN, "body"), []);
  t.equal(login.asked.get("GET /user")?.headers["user-agent"], "authflow");
  t.match(login.claims, {
    sub: "github|583231", provider: "github", email: "octocat@example.com", email_verified: true, name: "The Octocat",
    picture: USER.avatar_url,
  });
});

const VARIANTS: [string, object, unknown, object][] = [
  ["an unverified primary address is passed on as such", USER, [address("octocat@example.com", true, false)],
    { email: "octocat@example.com", email_verified: false }],
  ["the profile's address is not taken for verified", { ...USER, email: "shown@example.com" }, [],
    { email: undefined, email_verified: undefined }],
  ["a verified address does not vouch for the primary one", USER,
    [address("old@example.com", false, true), address("new@example.com", true, false)],
    { email: "new@example.com", email_verified: false }],
  ["without a name stands the login", { ...USER, name: null }, EMAILS, { name: "octocat" }],
  ["a list with anything else in it is read", USER, [null, 1, ...EMAILS], { email: "octocat@example.com" }],
  ["no list of addresses is no reason to refuse", USER, { message: "Not Found" }, { sub: "github|583231",
    email: undefined }],
];
for (const [promise, user, emails, expected] of VARIANTS) {
  t.test(promise, async (t) => {
    const { claims } = await logIn({ "GET /user": forCallers(user), "GET /user/emails": forCallers(emails) });
    t.match(claims, { sub: "github|583231" });
    for (const [name, value] of Object.entries(expected)) t.equal(claims[name], value, name);
  });
}

await t.test("an error with status 200 is one", async (t) => {
  const refused = () => ({
    error: "bad_verification_code", error_description: "The code passed is incorrect or expired.",
    error_uri: "https://docs.github.com/apps/managing-oauth-apps",
  });
  t.equal((await logIn({ [TOKEN]: refused })).error, "server_error");
  t.match(app.logs.join(""), "bad_verification_code");
});

for (const id of [undefined, null, 1.5, "", { a: 1 }]) {
  t.test(`a profile with the id ${JSON.stringify(id)} names nobody`, async (t) => {
    t.equal((await logIn({ "GET /user": forCallers({ ...USER, id }) })).error, "server_error");
  });
}
