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
        { status: 400, body: { error: "invalid_request", error_description: `claims.${name} is set by Authflow` } });
    }
  });
}

await t.test("every token has iss, sub, exp, iat, jti and client_id of Authflow's making", async (t) => {
  const claims = decode(await app.mint({ sub: "alice", claims: { Iss: "x", ISS: "x", "iss ": "x",
    "https://example.com/sub": "x" } }, client));
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
});

await t.test("an operator can allow a namespace, and then it is the only one", async (t) => {
  const other = await app.register();
  await app.call("PATCH", `/clients/${other.client_id}`, { headers: OPERATOR,
    payload: { policy: { subject_prefixes: ["google|", "shop|"] } } });
  const status = async (sub: string) =>
    (await app.call("POST", "/mint", { headers: basic(other), payload: { sub } })).status;
  t.strictSame(await Promise.all(["google|1", "shop|1", "alice", "github|1", "Google|1"].map(status)),
    [200, 200, 403, 403, 403]);
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

await t.test("a token beyond 8 KiB is refused with its size, one just below is issued", async (t) => {
  const big = await ask({ sub: "a", claims: { text: "x".repeat(6000) } });
  const description = /would have \d+ bytes, but common proxies refuse headers of more than 8192/;
  t.match(big, { status: 400, body: { error: "invalid_request", error_description: description } });
  const whole = await app.mint({ sub: "a", claims: { text: "x".repeat(5300) } }, client);
  t.ok(whole.length > 7500 && whole.length <= 8192);
  t.equal((await app.userinfo(whole)).status, 200);
});
