import { generateKeyPair, SignJWT } from "jose";
import type { ServerResponse } from "node:http";
import t from "../../support/tap.js";
import { decode, REDIRECT_URI, testApp } from "../../support/app.js";
import * as bad from "../../support/bad-replies.js";
import {
  type Json, type Lies, type LyingUpstream, lyingUpstreams, PUBLIC_JWK, sign, signText,
} from "../../support/lying-upstream.js";
import { UPSTREAM_CLIENT } from "../../support/openid.js";
import { UserAgent } from "../../support/user-agent.js";

const { upstreams, settings } = await lyingUpstreams(t, ["corp"]);
const [corp] = upstreams as [LyingUpstream];
const app = await testApp(t, settings);
const { client_id } = await app.register();

/** The claims of a token, or the application's error. */
async function logIn(lies: Lies): Promise<Json> {
  corp.lies = lies;
  const query = new URLSearchParams({ client_id, redirect_uri: REDIRECT_URI });
  const { url } = await new UserAgent(app).open(`http://localhost:8080/auth/corp?${query.toString()}`);
  const { access_token: token, ...answer } = Object.fromEntries(new URLSearchParams(url.hash.slice(1)));
  return token === undefined ? answer : decode(token);
}

const USER = { sub: "u1", email: "u1@example.com", email_verified: true, name: "User One" };
const VERIFIED = { sub: "u1", email: USER.email, email_verified: true };
/** An ID token and a userinfo response about one user. */
const said = (idToken: Json, userinfo: Json | Lies["userinfo"]): Lies => {
  const absent = { email: undefined, email_verified: undefined, name: undefined };
  return {
    claims: (truth) => ({ ...truth, ...absent, sub: "u1", ...idToken }),
    userinfo: typeof userinfo === "function" ? userinfo : () => ({ sub: "u1", ...userinfo }),
  };
};
/** A body that JSON.stringify could not write. */
const raw = (json: string) => () => (response: ServerResponse) => { response.end(json); };
const reply = (body: string | Promise<string>, type: string) => () => (response: ServerResponse) => {
  void Promise.resolve(body).then((text) => response.setHeader("content-type", type).end(text));
};

const NOTHING = { auth_time: undefined, acr: undefined, amr: undefined };
const SAID: [promise: string, lies: Lies, expected: Json][] = [
  ["an address verified by userinfo",
    said({ email: USER.email }, { email: USER.email, email_verified: true }), VERIFIED],
  ["an address in other letters",
    said({ email: USER.email }, { email: "U1@EXAMPLE.COM", email_verified: "true" }), VERIFIED],
  ["a text for a boolean", said({ email: USER.email, email_verified: "true" }, {}), VERIFIED],
  ["the ID token's own word first", said({ email: USER.email, email_verified: false },
    { email: USER.email, email_verified: true }), { email: USER.email, email_verified: false }],
  ["another address of userinfo", said({ email: USER.email }, { email: "u2@example.com", email_verified: true }),
    { email: USER.email, email_verified: false }],
  ["a word of userinfo without an address", said({ email: USER.email }, { email_verified: true }),
    { email: USER.email, email_verified: false }],
  ["preferred_username of userinfo", said({ email: USER.email }, { preferred_username: "one" }), { name: "one" }],
  ["a name of userinfo before it", said({ email: USER.email, preferred_username: "one" }, { name: "User One" }),
    { name: "User One" }],
  ["given and family name", said({ given_name: "User", family_name: "One" }, {}), { name: "User One" }],
  ["a name that is not clean",
    said({ ...VERIFIED, name: "\u202aUser\tOne\u202c\r\n\uFEFF" }, {}), { name: "User One" }],
  ["null in the ID token", said({ email: null, name: null, azp: null, nbf: null, picture: null }, { ...USER }), USER],
  ["null in userinfo", said({ email: USER.email }, { email: null, email_verified: null, name: null }),
    { email: USER.email, email_verified: false, name: undefined }],
  ["a number as sub here, and its text there", said({ sub: 4711, email: USER.email }, { sub: "4711", name: "N" }),
    { sub: "corp|4711", name: "N" }],
  ["a text as sub here, and its number there",
    said({ sub: "4711", email: USER.email }, raw('{"sub":4711,"name":"N"}')), { sub: "corp|4711", name: "N" }],
  ["an integer that no number holds", said({ sub: "9007199254740993", email: USER.email },
    raw('{"sub":9007199254740993,"name":"N"}')), { sub: "corp|9007199254740993", name: "N" }],
  ["a userinfo that fails", said({ email: USER.email, email_verified: true }, bad.page(500)), VERIFIED],
  ["a userinfo that refuses", said({ email: USER.email }, bad.refusal(401, "invalid_token")), { email: USER.email }],
  ["a userinfo that is a page", said({ email: USER.email }, bad.page(200)), { email: USER.email }],
  ["no access token for it", { ...said({ email: USER.email }, {}), token: bad.changed({ access_token: undefined }) },
    { email: USER.email }],
  ["a signed userinfo", said({}, reply(sign(USER), "application/jwt")), USER],
  ["a signed userinfo with iss and aud", said({}, (_, { issuer }) =>
    reply(sign({ ...USER, iss: issuer, aud: [UPSTREAM_CLIENT.client_id] }), "application/json")()), USER],
  ["what it says about the login itself",
    said({ auth_time: 1_700_000_000.9, acr: "urn:mfa", amr: ["pwd", "otp", "pwd"] }, {}),
    { auth_time: 1_700_000_000, acr: "urn:mfa", amr: ["pwd", "otp"] }],
  ["something of other types about the login", said({ auth_time: "1700000000", acr: 2, amr: "pwd" }, {}), NOTHING],
  ["a login in the future", said({ auth_time: Date.now() }, {}), NOTHING],
  ["texts about the login that are not printable or none",
    said({ auth_time: -1, acr: "a\u202eb", amr: ["pwd", 1] }, {}), NOTHING],
  ["too much about the login",
    said({ acr: "a".repeat(256), amr: Array.from({ length: 17 }, (_, i) => String(i)) }, {}), NOTHING],
  ["something about the login in userinfo only", said({}, { auth_time: 1, acr: "a", amr: ["pwd"] }), NOTHING],
];
for (const [promise, lies, expected] of SAID) {
  await t.test(`a login with ${promise}`, async (t) => {
    const claims = await logIn(lies);
    const all = expected.sub === "u1" ? { ...expected, sub: "corp|u1" } : expected;
    for (const [name, value] of Object.entries(all)) t.strictSame(claims[name], value, name);
  });
}

await t.test("an integer in the ID token is exact", async (t) => {
  const numbered = (sub: string): Lies =>
    ({ sign: (claims) => signText(JSON.stringify({ ...claims, sub: "@" }).replace('"@"', sub)) });
  t.match(await logIn(numbered("9007199254740993")), { sub: "corp|9007199254740993" });
  t.match(await logIn(numbered("9007199254740992")), { sub: "corp|9007199254740992" });
  t.match(await logIn(numbered("123")), { sub: "corp|123" });
  t.match(await logIn(numbered("1.5")), { error: "server_error" });
});

const other = await generateKeyPair("RS256");
const REFUSED: [promise: string, lies: Lies, error: string][] = [
  ["a failing userinfo where the address is missing", said({}, bad.page(500)), "temporarily_unavailable"],
  ["userinfo about another user", said({ email: USER.email }, { sub: "u2" }), "server_error"],
  ["a signed userinfo about another user", said({ email: USER.email },
    reply(sign({ ...USER, sub: "u2" }), "application/jwt")), "server_error"],
  ["a userinfo that another key signed", said({}, reply(new SignJWT(USER)
    .setProtectedHeader({ alg: "RS256", kid: "the-key" }).sign(other.privateKey), "application/jwt")), "server_error"],
  ["an unsigned userinfo", said({}, reply(`${btoa('{"alg":"none"}').replaceAll("=", "")}.e30.AA`, "application/jwt")),
    "server_error"],
  ["a signed userinfo of another issuer",
    said({}, reply(sign({ ...USER, iss: "https://x.example" }), "application/jwt")), "server_error"],
  ["a signed userinfo for another client", said({}, reply(sign({ ...USER, aud: "x" }), "application/jwt")),
    "server_error"],
  ["a signed userinfo that is expired", said({}, reply(sign({ ...USER, exp: 1 }), "application/jwt")),
    "server_error"],
];
for (const [promise, lies, error] of REFUSED) {
  await t.test(`no login with ${promise}`, async (t) => { t.equal((await logIn(lies)).error, error); });
}

await t.test("null in the discovery document and in the key set is absent", async (t) => {
  const nullable = await lyingUpstreams(t, ["corp"]);
  const [upstream] = nullable.upstreams as [LyingUpstream];
  const other = await testApp(t, nullable.settings);
  const client = await other.register();
  upstream.lies = {
    discovery: (truth) => ({ ...truth, userinfo_endpoint: null, token_endpoint_auth_methods_supported: null,
      authorization_response_iss_parameter_supported: null }),
    jwks: () => ({ keys: [null, { ...PUBLIC_JWK, use: null, alg: null, x5c: null, key_ops: null }] }),
  };
  const query = new URLSearchParams({ client_id: client.client_id, redirect_uri: REDIRECT_URI });
  const { url } = await new UserAgent(other).open(`http://localhost:8080/auth/corp?${query.toString()}`);
  t.match(url.hash, /access_token=/);
});

await t.test("what failed and was not needed is in the log", async (t) => {
  await logIn(said({ email: USER.email }, bad.page(418)));
  const line = app.logs.map((one) => JSON.parse(one) as { level: number; msg: string; err?: { message: string } })
    .find(({ err }) => err?.message.includes("418"));
  t.match(line, { level: 40, err: { message: "the userinfo endpoint answered 418 (error not named)" } });
});
