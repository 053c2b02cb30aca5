import t from "../../support/tap.js";
import { faultsOf, namedUpstream } from "../../support/named-upstream.js";

const TOKEN = "POST /api/oauth2/token";
/** discord.com/developers: "User Object". */
const USER = {
  id: "80351110224678912", username: "nelly", discriminator: "0", global_name: "Nelly",
  avatar: "8342729096ea3675442027381ff50dfe",
  verified: true, email: "nelly@example.com", flags: 64, mfa_enabled: true, locale: "en-US",
};
const { logIn } = await namedUpstream(t, "discord", {
  [TOKEN]: () => ({ access_token: "6qrZcUqja7812RVdnEKjpzOL4CvHBFG", token_type: "Bearer", expires_in: 604800,
    refresh_token: "D43f5y0ahjqew82jZ4NViEr2YafMKhue", scope: "identify email" }),
  "GET /api/users/@me": () => USER,
});

await t.test("the user with a picture", async (t) => {
  const login = await logIn();
  t.equal(login.authorize.origin + login.authorize.pathname, "https://discord.com/api/oauth2/authorize");
  t.equal(login.authorize.searchParams.get("scope"), "identify email");
  t.strictSame(faultsOf(login, "discord", TOKEN, "header"), []);
  t.equal(login.asked.get("GET /api/users/@me")?.headers.authorization, "Bearer 6qrZcUqja7812RVdnEKjpzOL4CvHBFG");
  t.match(login.claims, {
    sub: "discord|80351110224678912", email: "nelly@example.com", email_verified: true, name: "Nelly",
    picture: "https://cdn.discordapp.com/avatars/80351110224678912/8342729096ea3675442027381ff50dfe.png",
  });
});

await t.test("neither avatar, name nor verified address", async (t) => {
  const { claims } = await logIn({ "GET /api/users/@me": () => ({ ...USER, avatar: null, global_name: null,
    verified: false }) });
  t.match(claims, { sub: "discord|80351110224678912", email: "nelly@example.com", email_verified: false,
    name: "nelly" });
  t.notOk("picture" in claims);
});

await t.test("no address at all", async (t) => {
  const { claims } = await logIn({ "GET /api/users/@me": () => ({ ...USER, email: null }) });
  t.match(claims, { sub: "discord|80351110224678912" });
  t.notOk("email" in claims || "email_verified" in claims);
});
