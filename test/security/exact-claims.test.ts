import fc from "fast-check";
import t from "../support/tap.js";
import { RESERVED_CLAIMS } from "../../src/shared/claim-names.js";
import { basic, decode, OPERATOR, REDIRECT_URI, testApp } from "../support/app.js";

const app = await testApp(t, { AUTHFLOW_RATE_LIMIT_REGISTRATION: "1000" }, { timing: { cutoffWait: 0 } });
const client = await app.register();
const ask = (payload: object | string) =>
  app.call("POST", "/mint", { headers: { ...basic(client), "content-type": "application/json" }, payload });
const refused = (description: RegExp) =>
  ({ status: 400, body: { error: "invalid_request", error_description: description } });

await t.test("a name that a reader may take for a reserved one is refused", async (t) => {
  const variants = (name: string): string[] => [
    name.toUpperCase(), `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`, name.replace(/s/, "\u017f"),
    name.replace(/i/, "\u0131"), `${name}\0`, `${name} `, `\u200b${name}`, `${name}\u00ad`,
    name.replace(/[a-z]/, (letter) => String.fromCodePoint(letter.charCodeAt(0) + 0xfee0)),
  ].filter((variant) => variant !== name);
  for (const name of RESERVED_CLAIMS) {
    for (const variant of variants(name)) {
      t.match(await ask({ sub: "alice", claims: { [variant]: "x" } }),
        refused(new RegExp(`may be read as the reserved name ${name}: `)), JSON.stringify(variant));
    }
  }
});

await t.test("a reserved name may stand deeper, where no verifier looks for it", async (t) => {
  const claims = { org: { iss: "x", SUB: "y" } };
  t.match(decode(await app.mint({ claims }, client)), claims);
});

await t.test("a policy does not list a name that claims can't have", async (t) => {
  for (const name of ["SUB", "Exp", "\u017fub", "email", "scope"]) {
    const payload = { policy: { claim_names: ["roles", name] } };
    t.match(await app.call("PATCH", `/clients/${client.client_id}`, { headers: OPERATOR, payload }),
      refused(new RegExp(`policy.claim_names must not hold ${name}`)));
  }
});

await t.test("a number is signed as it was sent, or refused", async (t) => {
  for (const number of ["9007199254740993", "-9007199254740993", "1e400", "0.1000000000000000055",
    "123456789012345678"]) {
    for (const claims of [`{"id":${number}}`, `{"a":[{"id":${number}}]}`])
      t.match(await ask(`{"sub":"alice","claims":${claims}}`), refused(/^claims\..*id is .*send it as text/), claims);
  }
  t.match(await ask("{\"sub\":\"alice\",\"expires_in\":1e400}"), refused(/^expires_in is 1e400/));
  for (const number of ["9007199254740991", "1.0", "-0", "0.1", "1e3", "-1.5e-7", "1e21"]) {
    const { body } = await ask(`{"sub":"alice","claims":{"id":${number}}}`);
    t.equal(decode(body.access_token as string).id, Number(number) || 0, number);
  }
});

await t.test("a member that is given twice is refused, in every body and at every depth", async (t) => {
  for (const body of ["{\"sub\":\"alice\",\"sub\":\"bob\"}", "{\"sub\":\"alice\",\"s\\u0075b\":\"alice\"}",
    "{\"sub\":\"alice\",\"claims\":{\"a\":1,\"a\":1}}",
    "{\"sub\":\"alice\",\"claims\":{\"x\":[{\"a\":1,\"b\":{\"a\":2},\"a\":3}]}}"])
    t.match(await ask(body), refused(/ is given twice: send it once$/), body);
  const headers = { ...OPERATOR, "content-type": "application/json" };
  const payload = "{\"name\":\"a\",\"name\":\"b\"}";
  t.match(await app.call("POST", "/clients", { headers, payload }), refused(/^name is given twice/));
});

await t.test("a body that is not UTF-8 is refused: two subjects would become one", async (t) => {
  for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0xaf]]) {
    const payload = Buffer.concat([Buffer.from("{\"sub\":\"a"), Buffer.from(bytes), Buffer.from("\"}")]);
    t.match(await ask(payload), refused(/UTF-8/));
  }
  t.equal((await ask(Buffer.from("\ufeff{\"sub\":\"Zo\u00eb \u{1F6B2}\"}"))).status, 200);
});

const HOSTILE = ["\0", "\u001b", "\u007f", "\u0085", "\u202e", "\u2066", "\u200f", "\ud800", "\udc00", "\ufeff",
  "\ufffd", "\ufffe", "\uffff", "\ufdd0", "\ufdef", "\u{1fffe}", "\u{10ffff}"];
await t.test("no text and no name in claims holds what misleads, at any depth", async (t) => {
  for (const hostile of HOSTILE) {
    const text = `a${hostile}b`;
    for (const claims of [{ a: text }, { [text]: 1 }, { a: [text] }, { a: { b: [{ c: text }] } },
      { a: [{ [text]: 1 }] }])
      t.match(await ask({ sub: "alice", claims }), refused(/control characters or bidirectional overrides/),
        JSON.stringify(claims));
  }
  for (const claims of [{ "": 1 }, { a: { "": 1 } }, { "\u200b": 1 }, { a: [{ " ": 1 }] }])
    t.match(await ask({ sub: "alice", claims }), refused(/name is empty/));
  const address = { formatted: "1 Main Street\r\nSpringfield", note: "a\tb" };
  t.match(decode(await app.mint({ claims: { address } }, client)), { address });
});

await t.test("a subject that a reader may take for none is not issued, but it can be ended", async (t) => {
  const OLD = ["\u200b", " ", "\u0301", "\u3164\u2060", "a\ufffe", "\ufdd0", "\u{1ffff}b"];
  for (const sub of OLD) {
    t.match(await ask({ sub }), refused(/^sub must /), JSON.stringify(sub));
    t.match(await ask({ sub: "alice", audience: ["api", sub] }), refused(/^audience must /), JSON.stringify(sub));
    t.match(await ask({ sub: "alice", sid: sub }), refused(/^sid must /), JSON.stringify(sub));
    const name = await app.call("POST", "/clients", { payload: { name: sub, redirect_uri: REDIRECT_URI } });
    t.match(name, refused(/^name must be printable/), JSON.stringify(sub));
    // A version before may have issued it.
    const { tokens, clients } = app.fastify;
    const owner = await clients.read(client.client_id);
    const { access_token: token } = await tokens.sign(
      await tokens.claimsOfLogin(owner, { sub, provider: "local" }), owner);
    t.equal((await app.userinfo(token)).status, 200);
    for (const headers of [basic(client), OPERATOR]) {
      t.match(await app.call("POST", "/revocations", { headers, payload: { sub } }), { status: 200, body: { sub } },
        JSON.stringify(sub));
    }
    t.equal((await app.userinfo(token)).status, 401, JSON.stringify(sub));
  }
  for (const sub of ["a\u202eb", "a\0", "\ud83d\ufffe\udeb2"]) {
    t.match(await app.call("POST", "/revocations", { headers: OPERATOR, payload: { sub } }),
      refused(/^sub must not hold control characters/), JSON.stringify(sub));
  }
  t.equal((await ask({ sub: "alice", name: " " })).status, 200, "a name may be empty: platforms join first and last");
});

await t.test("whatever claims are sent, the token has exactly these or there is none", async (t) => {
  let signed = 0;
  const reserved = fc.constantFrom(...RESERVED_CLAIMS);
  const key = fc.oneof({ arbitrary: fc.stringMatching(/^[a-z]{1,8}$/), weight: 6 },
    fc.fullUnicodeString({ maxLength: 6 }), reserved, fc.mixedCase(reserved));
  const value = fc.unicodeJsonValue({ maxDepth: 3 });
  await fc.assert(fc.asyncProperty(fc.dictionary(key, value, { maxKeys: 5 }), async (claims) => {
    const text = JSON.stringify(claims);
    const { status, body } = await ask(`{"sub":"alice","claims":${text}}`);
    if (status === 400) return true;
    signed++;
    const { iss, sub, jti, iat, exp, client_id, provider, ...rest } = decode(body.access_token as string);
    const own = [iss, sub, client_id, provider].join() === `authflow-go,alice,${client.client_id},local`;
    const isOrdered = (jti as string).length === 36 && (iat as number) < (exp as number);
    return status === 200 && own && isOrdered && JSON.stringify(rest) === JSON.stringify(JSON.parse(text));
  }), { numRuns: 150 });
  t.ok(signed > 30, `${signed} were signed`);
});
