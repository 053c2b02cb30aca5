import t from "../support/tap.js";
import { PROVIDER_NAMES } from "../../src/providers/table.js";
import { basic, decode, OPERATOR, testApp } from "../support/app.js";

const app = await testApp(t);
const client = await app.register();
const ask = (payload: object | string) => {
  const headers = { ...basic(client), "content-type": "application/json" };
  return app.call("POST", "/mint", { headers, payload });
};

const RESERVED = [
  "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "provider", "email", "email_verified", "name",
    "picture", "scope",
  "cnf", "act", "may_act", "azp", "nonce", "auth_time", "acr", "amr", "at_hash", "c_hash", "sid", "events", "status",
    "typ",
];
for (const name of RESERVED) {
  await t.test(`claims can't set ${name}`, async (t) => {
    for (const value of ["x", null]) {
      t.match(await ask({ sub: "alice", claims: { [name]: value } }),
        { status: 400, body: { error: "invalid_request", error_description: `claims.${name} is a reserved name: ` } });
    }
  });
}

await t.test("every token has iss, sub, exp, iat, jti and client_id of Authflow's making", async (t) => {
  const claims = decode(await app.mint({ sub: "alice", claims: { issuer: "x", "https://example.com/sub": "x" } },
    client));
  t.match(claims, { iss: "authflow-go", sub: "alice", client_id: client.client_id, jti: /^[0-9a-f-]{36}$/, iat: Number,
    exp: Number });
});

await t.test("a login provider's subjects are out of a minting client's reach", async (t) => {
  for (const provider of PROVIDER_NAMES) {
    t.match(await ask({ sub: `${provider}|1`, provider }), { status: 403,
      body: { error: "access_denied", error_description: new RegExp(`"${provider}\\|"`) } });
  }
  t.equal((await ask({ sub: "google" })).status, 200);
  t.equal((await ask({ sub: "googly|1" })).status, 200);
  // A service may compare subjects without regard to case, width, accents or invisible characters.
  for (const sub of ["Google|1", "GOOGLE|1", "goo\u200bgle|1", "\u200bgoogle|1", "google\u2060|1", "goo\u00adgle|1",
    "google\uff5c1", "\uff47\uff4f\uff4f\uff47\uff4c\uff45|1", "go\u00f6gle|1", "goo\u0301gle|1", "google |1",
    " google|1", "goo\ufe0fgle|1"]) {
    t.match(await ask({ sub }), { status: 403, body: { error: "access_denied",
      error_description: /"google\|", which is reserved/ } }, JSON.stringify(sub));
    t.match(await app.call("POST", "/revocations", { headers: basic(client), payload: { sub } }), { status: 403 });
  }
});

await t.test("an operator can allow a namespace, and then it is the only one", async (t) => {
  const other = await app.register();
  await app.call("PATCH", `/clients/${other.client_id}`, { headers: OPERATOR,
    payload: { policy: { subject_prefixes: ["google|", "shop|"] } } });
  const status = async (sub: string) =>
    (await app.call("POST", "/mint", { headers: basic(other), payload: { sub } })).status;
  t.strictSame(await Promise.all(["google|1", "shop|1", "alice", "github|1", "Google|1", "shop|\u200b"].map(status)),
    [200, 200, 403, 403, 403, 200]);
});

await t.test("e-mail is passed on as said, never as verified", async (t) => {
  const claims = decode(await app.mint({ email: "alice@example.com" }, client));
  t.match(claims, { email: "alice@example.com", sub: "alice" });
  t.notOk("email_verified" in claims);
});

const HOSTILE: [what: string, text: string][] = [
  ["NUL", "a\0b"], ["a line end", "a\nb"], ["a carriage return", "a\rb"], ["a tab", "a\tb"], ["ESC", "\u001b[2J"],
    ["DEL", "a\u007f"], ["C1", "a\u0085"],
  ["a right-to-left override", "a\u202eb"], ["an isolate", "a\u2066b"], ["a lone high surrogate", "a\ud800"],
    ["a lone low surrogate", "\udc00a"],
  ["a line separator", "a\u2028b"], ["a byte order mark", "\ufeffa"],
];
for (const [what, text] of HOSTILE) {
  await t.test(`no text that names a person may hold ${what}`, async (t) => {
    for (const body of [{ sub: text }, { sub: "a", name: text }, { sub: "a", email: `${text}@example.com` },
      { sub: "a", provider: text }]) {
      t.match(await ask(body), { status: 400, body: { error: "invalid_request" } }, JSON.stringify(body));
    }
  });
}

const BOUNDS: [what: string, body: object | string, status: number][] = [
  ["sub of 255", { sub: "a".repeat(255) }, 200], ["sub of 256", { sub: "a".repeat(256) }, 400],
    ["an empty sub", { sub: "" }, 400],
  ["no sub", {}, 400], ["a number as sub", { sub: 1 }, 400], ["null as sub", { sub: null }, 400],
    ["a list as sub", { sub: ["a"] }, 400],
  ["provider of 64", { sub: "a", provider: "p".repeat(64) }, 200],
    ["provider of 65", { sub: "a", provider: "p".repeat(65) }, 400],
  ["provider with a pipe", { sub: "a", provider: "a|b" }, 400],
    ["provider with a blank", { sub: "a", provider: "a b" }, 400],
  ["name of 255", { sub: "a", name: "n".repeat(255) }, 200], ["name of 256", { sub: "a", name: "n".repeat(256) }, 400],
  ["e-mail of 320", { sub: "a", email: `${"e".repeat(308)}@example.com` }, 200],
    ["e-mail of 321", { sub: "a", email: `${"e".repeat(309)}@example.com` }, 400],
  ["an e-mail without @", { sub: "a", email: "alice" }, 400],
    ["an e-mail list", { sub: "a", email: "a@b.example,c@d.example x" }, 400],
  ["audience of 255", { sub: "a", audience: "u".repeat(255) }, 200],
    ["audience of 256", { sub: "a", audience: "u".repeat(256) }, 400],
  ["no audience in the list", { sub: "a", audience: [] }, 400],
    ["11 audiences", { sub: "a", audience: [..."abcdefghijk"] }, 400],
  ["an audience twice", { sub: "a", audience: ["a", "a"] }, 400],
  ["64 claims", { sub: "a", claims: Object.fromEntries(Array.from({ length: 64 }, (_, i) => [`c${i}`, i])) }, 200],
  ["65 claims", { sub: "a", claims: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`c${i}`, i])) }, 400],
  ["claims that are a list", { sub: "a", claims: [] }, 400], ["claims that are null", { sub: "a", claims: null }, 400],
  ["expires_in 0", { sub: "a", expires_in: 0 }, 400], ["negative expires_in", { sub: "a", expires_in: -1 }, 400],
  ["fractional expires_in", { sub: "a", expires_in: 1.5 }, 400],
    ["expires_in as text", { sub: "a", expires_in: "60" }, 400],
  ["expires_in of 2^53", { sub: "a", expires_in: 2 ** 53 }, 400],
    ["expires_in 1e21", "{\"sub\":\"a\",\"expires_in\":1e21}", 400],
  ["expires_in 1e999", "{\"sub\":\"a\",\"expires_in\":1e999}", 400],
    ["expires_in null", { sub: "a", expires_in: null }, 400],
];
for (const [what, body, status] of BOUNDS) {
  await t.test(`${what} is ${status === 200 ? "accepted" : "refused with a reason"}`, async (t) => {
    const answer = await ask(body);
    t.equal(answer.status, status, answer.text);
    if (status !== 200) t.match(answer.body, { error: "invalid_request", error_description: /\w/ });
  });
}

await t.test("a token has as many bytes as fit the header lines of nginx and Apache, and says so", async (t) => {
  // The base64url of a payload is a third longer: every length but one in four can be reached.
  const [empty, least] = [(await app.mint({ sub: "a", claims: { text: "" } }, client)).length, 6000];
  let text = "x".repeat(least - empty);
  let longest = "";
  for (;;) {
    const { status, body } = await ask({ sub: "a", claims: { text } });
    if (status !== 200) {
      const description =
        /would have 81\d\d bytes, and must have at most 8160: with "Authorization: Bearer " before it, nginx and Ap/;
      t.match({ status, body }, { status: 400, body: { error: "invalid_request", error_description: description } });
      break;
    }
    longest = body.access_token as string;
    text += "x".repeat(longest.length < 8000 ? 100 : 1);
  }
  t.ok(longest.length > 8157 && longest.length <= 8160, `${longest.length}`);
  t.equal((await app.userinfo(longest)).status, 200);
});

const FUTURE = Math.floor(Date.now() / 1000) + 600;
const LOGIN_BOUNDS: [what: string, body: object, error?: string][] = [
  ["an empty scope", { scope: "" }, "invalid_request"], ["a scope that is a list", { scope: ["a"] }, "invalid_request"],
  ...[" a", "a ", "a  b", "a\tb", "a\"b", "a\\b", "a\nb", "é", "a\u00a0b"].map((scope): [string, object, string] =>
    [`the scope ${JSON.stringify(scope)}`, { scope }, "invalid_scope"]),
  ["a scope of 1025", { scope: "a".repeat(1025) }, "invalid_request"], ["a scope of 1024", { scope: "a".repeat(1024) }],
  ["an acr of 255", { acr: "a".repeat(255) }], ["an acr of 256", { acr: "a".repeat(256) }, "invalid_request"],
  ["an acr that is a number", { acr: 1 }, "invalid_request"], ["an acr with NUL", { acr: "a\0" }, "invalid_request"],
  ["an amr that is a text", { amr: "pwd" }, "invalid_request"], ["no method in amr", { amr: [] }, "invalid_request"],
  ["a method twice", { amr: ["pwd", "pwd"] }, "invalid_request"],
  ["a method of 65", { amr: ["a".repeat(65)] }, "invalid_request"],
  ["a method with an override", { amr: ["a\u202e"] }, "invalid_request"],
  ["17 methods", { amr: [..."abcdefghijklmnopq"] }, "invalid_request"],
  ["16 methods", { amr: [..."abcdefghijklmnop"] }],
  ["an auth_time as text", { auth_time: "1" }, "invalid_request"],
  ["an auth_time before 1970", { auth_time: -1 }, "invalid_request"],
  ["an auth_time with a fraction", { auth_time: 1.5 }, "invalid_request"], ["an auth_time of 1970", { auth_time: 0 }],
  ["an auth_time to come", { auth_time: FUTURE }, "invalid_request"],
  ["an auth_time in milliseconds", { auth_time: Date.now() }, "invalid_request"],
  ["a sid of 256", { sid: "a".repeat(256) }, "invalid_request"], ["an empty sid", { sid: "" }, "invalid_request"],
  ["a sid with a lone surrogate", { sid: "\ud800" }, "invalid_request"], ["a sid of 255", { sid: "a".repeat(255) }],
];
for (const [what, body, error] of LOGIN_BOUNDS) {
  await t.test(`${what} is ${error === undefined ? "accepted" : "refused with the field's name"}`, async (t) => {
    const { status, body: answer } = await ask({ sub: "a", ...body });
    if (error === undefined) return t.equal(status, 200);
    t.match({ status, ...answer }, { status: 400, error,
      error_description: new RegExp(`^${Object.keys(body)[0]}\\b`) });
  });
}
