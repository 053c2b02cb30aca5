import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import t from "../../support/tap.js";
import type { TokenAuthentication } from "../../../src/providers/upstream.js";
import { connectUpstreams } from "../../../src/upstream/connect.js";
import { listen } from "../../support/openid.js";

type Handler = (response: ServerResponse, request: IncomingMessage, body: string) => void;

/** A server whose answer each test chooses, and what it was asked. */
const state = { answer: ((response) => response.end("{}")) as Handler, asked: [] as IncomingMessage[] };
const server = createServer((request, response) => {
  void (async () => {
    state.asked.push(request);
    state.answer(response, request, Buffer.concat(await request.toArray() as Buffer[]).toString());
  })();
});
const origin = `http://localhost:${await listen(t, server)}`;
const connect = (timeout?: number) =>
  connectUpstreams(Date.now, timeout === undefined ? {} : { timeout })([origin]);
const upstream = connect();
const answered = (body: string | Buffer, headers: Record<string, string> = {}): Handler =>
  (response) => response.writeHead(200, headers).end(body);
const token = { endpoint: `${origin}/token`, clientId: "an id", clientSecret: "s:%+é-_.~", parameters: { code: "c" } };

await t.test("every request says who asks, and asks for an answer that is not compressed", async (t) => {
  state.asked = [];
  state.answer = answered('{"sub":"a"}');
  await upstream.getJson(origin);
  await upstream.getUserinfo(origin, "token", origin, { issuer: () => "", audience: "" });
  await upstream.requestToken({ ...token, authentication: "client_secret_basic" });
  t.equal(state.asked.length, 3);
  for (const { headers } of state.asked)
    t.match(headers, { "user-agent": "authflow", "accept-encoding": "identity", accept: /^application\/json/ });
});

const COMPRESSED: Record<string, (body: string) => Buffer> = {
  gzip: gzipSync, "x-gzip": gzipSync, GZIP: gzipSync, deflate: deflateSync, br: brotliCompressSync,
};
for (const [encoding, compress] of Object.entries(COMPRESSED)) {
  await t.test(`an answer that comes in ${encoding} all the same is read, and bounded`, async (t) => {
    state.answer = answered(compress('{"a":1}'), { "content-encoding": encoding });
    t.strictSame(await upstream.getJson(origin), { a: 1 });
    state.answer = answered(compress(`{"a":"${" ".repeat(50 * 1024 * 1024)}"}`), { "content-encoding": encoding });
    await t.rejects(upstream.getJson(origin), { message: /sent more than 1 MiB/ });
    state.answer = answered("not compressed", { "content-encoding": encoding });
    await t.rejects(upstream.getJson(origin), { name: "UpstreamError" });
  });
}

const BODIES: [what: string, type: string | undefined, body: string][] = [
  ["without a type", undefined, '{"a":1}'], ["as a page", "text/html", '{"a":1}'],
  ["as text", "text/plain; charset=utf-8", '{"a":1}'], ["as a stream of bytes", "application/octet-stream", '{"a":1}'],
  ["as a key set", "application/jwk-set+json", '{"a":1}'], ["with a type that is none", "json", '{"a":1}'],
  ["after a byte order mark", "application/json", '\uFEFF{"a":1}'], ["after a line", "text/html", '\r\n{"a":1}\n'],
];
for (const [what, type, body] of BODIES) {
  await t.test(`JSON that comes ${what} is JSON`, async (t) => {
    state.answer = answered(body, type === undefined ? {} : { "content-type": type });
    t.strictSame(await upstream.getJson(origin), { a: 1 });
    t.strictSame(await upstream.requestToken({ ...token, authentication: "none" }), { a: 1 });
  });
}

await t.test("a token response may be a form, of any type", async (t) => {
  for (const type of ["application/x-www-form-urlencoded", "text/html", "application/json"]) {
    state.answer = answered("access_token=x%20y&token_type=bearer\n", { "content-type": type });
    t.strictSame(await upstream.requestToken({ ...token, authentication: "none" }),
      { access_token: "x y", token_type: "bearer" });
  }
  state.answer = answered("<p>access denied</p>", { "content-type": "application/json" });
  await t.rejects(upstream.requestToken({ ...token, authentication: "none" }), { message: /did not answer with JSON/ });
});

await t.test("null is absent, integers are exact, and nothing else changes", async (t) => {
  const body = '{"a":null,"b":[null,1,[null]],"c":{"d":null},"e":9007199254740993,"f":-123456789012345678901,' +
    '"g":"9007199254740993","h":1e400,"i":0.5,"j":9007199254740991,"k":"\\"9007199254740993","__proto__":{"x":1}}';
  state.answer = answered(body);
  t.strictSame(await upstream.getJson(origin), {
    b: [1, []], c: {}, e: "9007199254740993", f: "-123456789012345678901", g: "9007199254740993", h: Infinity, i: 0.5,
    j: Number.MAX_SAFE_INTEGER, k: '"9007199254740993',
  });
});

await t.test("the time limit is for the whole exchange, however its parts arrive", async (t) => {
  const drip: Handler = (response) => {
    response.writeHead(200);
    const timer = setInterval(() => response.write(" "), 20);
    response.on("close", () => { clearInterval(timer); });
  };
  for (const [what, answer] of Object.entries({ "in drops": drip, never: () => undefined }) as [string, Handler][]) {
    state.answer = answer;
    const begun = performance.now();
    await t.rejects(connect(300).getJson(origin, { attempts: 2 }),
      { message: /did not answer in time/ }, what);
    t.ok(performance.now() - begun < 5000, "and for both attempts together");
  }
});

const CREDENTIALS: [by: TokenAuthentication, basic: unknown, form: object][] = [
  ["client_secret_basic", "an+id:s%3A%25%2B%C3%A9-_.~", {}],
  ["client_secret_post", undefined, { client_id: token.clientId, client_secret: token.clientSecret }],
  ["none", undefined, { client_id: token.clientId }],
];
for (const [authentication, basic, form] of CREDENTIALS) {
  await t.test(`credentials by ${authentication}`, async (t) => {
    let body = "";
    state.asked = [];
    state.answer = (response, _request, received) => { body = received; response.end('{"access_token":"x"}'); };
    await upstream.requestToken({ ...token, authentication });
    const sent = state.asked[0]?.headers.authorization?.replace(/^Basic /, "");
    t.equal(sent && Buffer.from(sent, "base64").toString(), basic);
    t.strictSame(Object.fromEntries(new URLSearchParams(body)),
      { grant_type: "authorization_code", code: "c", ...form });
  });
}

await t.test("a refusal is quoted, unless it repeats a secret", async (t) => {
  const refused = (error_description: string): Handler => (response) =>
    response.writeHead(400).end(JSON.stringify({ error: "invalid_client", error_description }));
  const request = { ...token, parameters: { code: "the/code" }, authentication: "none" as const };
  state.answer = refused('AADSTS7000215: Invalid client secret "provided"\r\n');
  await t.rejects(upstream.requestToken(request), { message:
    'the token endpoint answered 400 (error invalid_client: "AADSTS7000215: Invalid client secret "provided"")' });
  for (const secret of ["the/code", "the%2Fcode", token.clientSecret]) {
    state.answer = refused(`${secret} is not known`);
    await t.rejects(upstream.requestToken(request),
      { message: "the token endpoint answered 400 (error invalid_client)" }, secret);
  }
});
