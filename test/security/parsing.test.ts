import { gzipSync } from "node:zlib";
import type { HTTPMethods } from "fastify";
import t from "../support/tap.js";
import { basic, bearer, OPERATOR, testApp } from "../support/app.js";
import { exchange } from "../support/raw-http.js";

const app = await testApp(t);
const client = await app.register();
const JSON_TYPE = "application/json";
const post = (url: string, payload: string, type: string | undefined = JSON_TYPE) =>
  app.call("POST", url, { payload, headers: {
    ...(url === "/clients" ? OPERATOR : basic(client)), ...(type !== "" && { "content-type": type }),
  } });

const MALFORMED: [what: string, body: string, description: RegExp][] = [
  ["an empty body", "", /must be a JSON object|sub is missing/], ["blanks", "  ", /not valid JSON/],
    ["a list", "[]", /must be a JSON object/],
  ["null", "null", /must be a JSON object/], ["a number", "1", /must be a JSON object/],
    ["a text", "\"a\"", /must be a JSON object/], ["true", "true", /must be a JSON object/],
  ["an open brace", "{", /not valid JSON/], ["two objects", "{\"sub\":\"a\"}{}", /not valid JSON/],
    ["a trailing comma", "{\"sub\":\"a\",}", /not valid JSON/],
  ["single quotes", "{'sub':'a'}", /not valid JSON/], ["a comment", "{\"sub\":\"a\"/**/}", /not valid JSON/],
    ["NaN", "{\"sub\":\"a\",\"expires_in\":NaN}", /not valid JSON/],
  ["a raw line end in a text", "{\"sub\":\"a\nb\"}", /not valid JSON/],
  ["a form", "sub=a", /not valid JSON/],
  ["__proto__", "{\"sub\":\"a\",\"__proto__\":{\"client\":1}}", /__proto__/],
    ["__proto__ in escapes", "{\"sub\":\"a\",\"\\u005f_proto__\":{}}", /__proto__/],
  ["__proto__ within claims", "{\"sub\":\"a\",\"claims\":{\"__proto__\":{\"admin\":true}}}", /__proto__/],
  ["__proto__ deep within claims", "{\"sub\":\"a\",\"claims\":{\"a\":[{\"b\":{\"__proto__\":1}}]}}", /__proto__/],
  ["constructor.prototype", "{\"sub\":\"a\",\"constructor\":{\"prototype\":{\"a\":1}}}", /constructor/],
  ["constructor", "{\"sub\":\"a\",\"constructor\":1}", /constructor/],
    ["constructor within claims", "{\"sub\":\"a\",\"claims\":{\"constructor\":1}}", /constructor/],
  ["prototype within claims", "{\"sub\":\"a\",\"claims\":{\"x\":{\"prototype\":1}}}", /prototype/],
  ["a field of no meaning", "{\"sub\":\"a\",\"role\":\"admin\"}", /^Unknown field role/],
    ["a misspelt field", "{\"sub\":\"a\",\"expiresIn\":1}", /^Unknown field expiresIn/],
  ["a field in capitals", "{\"SUB\":\"a\",\"sub\":\"b\"}", /^Unknown field SUB/],
  ["claims nine levels deep", `{"sub":"a","claims":${"{\"a\":".repeat(9)}1${"}".repeat(9)}}`, /deeper than 8 levels/],
  ["claims of 5000 lists", `{"sub":"a","claims":{"a":${"[".repeat(5000)}${"]".repeat(5000)}}}`, /deeper than 8 levels/],
  ["a sub of 5000 lists", `{"sub":${"[".repeat(5000)}${"]".repeat(5000)}}`, /sub must be a text/],
];
for (const [what, body, description] of MALFORMED) {
  await t.test(`a body with ${what} is refused in words`, async (t) => {
    t.match(await post("/mint", body), { status: 400,
      body: { error: "invalid_request", error_description: description } });
  });
}

await t.test("claims eight levels deep are signed as they are", async (t) => {
  t.equal((await post("/mint", `{"sub":"a","claims":${"{\"a\":".repeat(8)}1${"}".repeat(8)}}`)).status, 200);
});

await t.test("no request changes the prototype of anything", async (t) => {
  t.equal(({} as Record<string, unknown>).admin, undefined);
  t.equal(({} as Record<string, unknown>).client, undefined);
});

await t.test("only application/json is read", async (t) => {
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
    "application/xml", "text/json", "application/jwt",
    "application/jsonp", "application/json-patch+json", "text/plain; application/json", "*/*", "json"]) {
    for (const url of ["/mint", "/clients"]) {
      t.match(await post(url, "{\"sub\":\"a\"}", type), { status: 415,
        body: { error: "invalid_request", error_description: /application\/json/ } }, `${url} ${type}`);
    }
  }
  for (const type of ["application/json", "application/json; charset=utf-8", "Application/JSON",
    "application/json;charset=UTF-8"]) {
    t.equal((await post("/mint", "{\"sub\":\"a\"}", type)).status, 200, type);
  }
});

await t.test("any content type of an empty body is ignored", async (t) => {
  const types = ["application/json", "application/json; charset=utf-8", "text/plain", "application/xml", "*/*", "json",
    "", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/octet-stream", ";"];
  const { port } = new URL(await app.fastify.listen({ port: 0, host: "127.0.0.1" }));
  const send = async (type: string, path: string, authorization: string, body: string[]) =>
    exchange("127.0.0.1", Number(port), [
      `POST ${path} HTTP/1.1`, "Host: a", `Authorization: ${authorization}`, `Content-Type: ${type}`,
      "Connection: close", ...body, "",
    ].join("\r\n"));
  const chunked = ["Transfer-Encoding: chunked", "", "0", ""];
  for (const type of types) {
    for (const body of [["Content-Length: 0", ""], [""]]) {
      const token = bearer(await app.mint({}, client)).authorization;
      t.match(await send(type, "/logout", token, body), { status: 200 }, `${type} ${body[0]}`);
    }
    const { authorization } = basic(client);
    for (const [path, field] of [["/introspect", "token"], ["/token", "grant_type"]] as const) {
      t.match(await send(type, path, authorization, ["Content-Length: 0", ""]),
        { status: 400, body: { error: "invalid_request", error_description: `${field} is missing` } },
        `${type} at ${path}`);
    }
    t.match(await send(type, "/mint", authorization, ["Content-Length: 0", ""]),
      { status: 400, body: { error_description: /must be a JSON object/ } }, `${type} of a mint`);
  }
  for (const type of ["text/plain", "application/json", "application/x-www-form-urlencoded", "application/xml"]) {
    const token = bearer(await app.mint({}, client)).authorization;
    t.match(await send(type, "/logout", token, chunked), { status: 200 }, `${type}, of unknown length`);
  }
  const token = bearer(await app.mint({}, client)).authorization;
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "json"])
    t.match(await send(type, "/logout", token, ["Content-Length: 1", "", "x"]), { status: 415 }, type);
});

await t.test("where a value may be of several kinds, the message names what is wrong with this one", async (t) => {
  const audience = "is not valid: The services that the token is for: one audience, or 1 to 10 different ones";
  const aList = "at most 100 strings of 1 to 255 characters, or null";
  const seconds = "is not valid: The longest lifetime of a token in whole seconds, at least 1, or null";
  const id = client.client_id;
  const cases: [path: string, body: object, description: string][] = [
    ["/mint", { audience: ["a", ""] }, "audience.1 is not valid: An audience is 1 to 255 characters"],
    ["/mint", { audience: ["a", 5] }, "audience.1 must be a text"],
    ["/mint", { audience: "" }, `audience ${audience}`],
    ["/mint", { audience: [] }, `audience ${audience}`],
    ["/mint", { audience: ["a", "a"] }, `audience ${audience}`],
    ["/mint", { audience: [..."abcdefghijk"] }, `audience ${audience}`],
    ["/mint", { audience: 5 }, `audience ${audience}`],
    ["/mint", { audience: null }, `audience ${audience}`],
    ["/mint", { sub: ["a", "b"] }, "sub must be a text"],
    ["/logout", [], "The request body must be a JSON object, such as {}"],
    ["/logout", { everywhere: 1 }, "everywhere must be true or false"],
    ["/logout", { anywhere: true }, "Unknown field anywhere: remove it or check its spelling"],
    [`/clients/${id}`, { policy: { audiences: "a" } }, aList],
    [`/clients/${id}`, { policy: { audiences: Array.from({ length: 101 }, String) } }, aList],
    [`/clients/${id}`, { policy: { scopes: ["a", ""] } }, "policy.scopes.1 is not valid: 1 to 255 characters"],
    [`/clients/${id}`, { policy: { scopes: ["a", 1] } }, "policy.scopes.1 must be a text"],
    [`/clients/${id}`, { policy: { default_audience: [] } }, "1 to 10 strings of 1 to 255 characters, or null"],
    [`/clients/${id}`, { policy: { default_audience: ["a", "a"] } }, "1 to 10 strings of 1 to 255 characters, or null"],
    [`/clients/${id}`, { policy: { max_ttl: 0 } }, `policy.max_ttl ${seconds}`],
    [`/clients/${id}`, { policy: { max_ttl: 1.5 } }, `policy.max_ttl ${seconds}`],
    [`/clients/${id}`, { policy: { max_ttl: "1h" } }, `policy.max_ttl ${seconds}`],
    [`/clients/${id}`, { policy: { status_list: "yes" } }, "policy.status_list is not valid: Whether its tokens"],
    [`/clients/${id}`, { logo_uri: 1 }, "logo_uri is not valid: Shown on the pages of a login"],
    [`/clients/${id}`, { logo_uri: "" }, "logo_uri is not valid: Shown on the pages of a login"],
  ];
  for (const [path, body, description] of cases) {
    const payload = path === "/mint" ? { sub: "a", ...body } : body;
    const headers = path === "/mint" ? basic(client)
      : path === "/logout" ? bearer(await app.mint({}, client)) : OPERATOR;
    const { status, body: answer } = await app.call(path.startsWith("/clients") ? "PATCH" : "POST", path,
      { headers, payload });
    t.equal(status, 400);
    t.ok(String(answer.error_description).includes(description),
      `${JSON.stringify(payload)}: ${String(answer.error_description)}`);
  }
});

await t.test("a body of more than 32 KiB is refused before it is looked at", async (t) => {
  const body = (size: number) => "{\"sub\":\"a\"}".padEnd(size, " ");
  t.equal((await post("/mint", body(32 * 1024))).status, 200);
  t.match(await post("/mint", body(32 * 1024 + 1)), { status: 413,
    body: { error: "invalid_request", error_description: /32 KiB/ } });
  for (const url of ["/clients", "/logout"]) {
    const headers = { ...(url === "/logout" ? bearer(await app.mint({}, client)) : OPERATOR),
      "content-type": JSON_TYPE };
    t.equal((await app.call("POST", url, { headers, payload: body(40_000) })).status, 413, url);
  }
});

await t.test("duplicate and unknown query parameters are refused where there are parameters", async (t) => {
  for (const query of ["limit=1&limit=2", "cursor=a&cursor=b", "limit[]=1", "limit=1&LIMIT=2", "__proto__=1",
    "limit=1%00", "limit=", "limit=1e2x"]) {
    t.match(await app.call("GET", `/clients?${query}`, { headers: OPERATOR }),
      { status: 400, body: { error: "invalid_request" } }, query);
  }
});

await t.test("a path of no meaning is 404 in JSON", async (t) => {
  const places = [
    ["GET", "/nowhere"], ["GET", "/Mint"], ["POST", "/mint/"], ["POST", "//mint"], ["HEAD", "/mint/"], ["GET", "/.env"],
    ["OPTIONS", "/nowhere"], ["TRACE", "/nowhere"], ["GET", "/mint;a=b"],
    ["GET", "/clients/../userinfo/x"], ["GET", "/docs/static/..%2f..%2fpackage.json"],
    ["GET", "/docs/static/%2e%2e/%2e%2e/package.json"], ["GET", "/auth/a/b/c"],
  ] as const;
  for (const [method, url] of places) {
    const { status, body, text, headers } = await app.call(method, url);
    t.equal(status, 404, `${method} ${url}`);
    t.equal(headers.allow, undefined);
    if (method === "HEAD") t.equal(text, "");
    else t.match(body, { error: "not_found" }, `${method} ${url}`);
  }
  for (const url of ["/mint/", "//mint", "//mint//", "/mint/?a=b/"])
    t.match((await app.call("POST", url)).body, { error_description: /does not exist: send it to \/mint$/ }, url);
});

await t.test("another method of a known path is 405 with Allow, and OPTIONS says the same", async (t) => {
  const places: [url: string, allow: string, others: HTTPMethods[]][] = [
    ["/mint", "POST, OPTIONS", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"]],
    ["/logout", "POST, OPTIONS", ["GET", "DELETE"]],
    ["/token", "POST, OPTIONS", ["GET", "HEAD"]],
    ["/introspect", "POST, OPTIONS", ["GET"]], ["/revoke", "POST, OPTIONS", ["GET"]],
    ["/clients", "POST, GET, HEAD, OPTIONS", ["PUT", "DELETE"]],
    [`/clients/${client.client_id}`, "GET, HEAD, PATCH, DELETE, OPTIONS", ["POST", "PUT"]],
    ["/.well-known/jwks.json", "GET, HEAD, OPTIONS", ["POST", "DELETE"]],
    ["/health/live?x=1", "GET, HEAD, OPTIONS", ["POST", "TRACE"]],
    ["/revocations/stream", "GET, OPTIONS", ["POST"]],
    ["/auth", "GET, HEAD, OPTIONS", ["POST"]],
    ["/auth/google", "GET, OPTIONS", ["POST", "HEAD"]],
    ["/auth/google/callback", "POST, GET, OPTIONS", ["PUT", "HEAD"]],
    ["/openapi.json", "GET, HEAD, OPTIONS", ["POST"]],
    ["/docs", "GET, HEAD, OPTIONS", ["POST"]],
  ];
  const sorted = (list = "") => list.split(", ").sort();
  for (const [url, allow, others] of places) {
    for (const method of others) {
      const { statusCode: status, headers, body } = await app.fastify.inject({ method: method as "GET", url });
      t.equal(status, 405);
      t.strictSame(sorted(headers.allow as string), sorted(allow), `${method} ${url}`);
      if (method === "HEAD") t.equal(body, "");
      else t.match(JSON.parse(body), { error: "method_not_allowed", error_description: /is not possible: use / });
    }
    const { status, headers, text } = await app.call("OPTIONS", url);
    t.match({ status, text }, { status: 204, text: "" }, `OPTIONS ${url}`);
    t.strictSame(sorted(headers.allow), sorted(allow), `OPTIONS ${url}`);
  }
});

await t.test("a path parameter may be as long as the longest kid", async (t) => {
  t.match(await app.call("POST", `/keys/${"k".repeat(128)}/revoke`, { headers: OPERATOR }),
    { status: 404, body: { error_description: /kid/ } });
});

await t.test("a compressed body is refused in words", async (t) => {
  const { status, headers, body } = await app.call("POST", "/mint", {
    headers: { ...basic(client), "content-type": JSON_TYPE, "content-encoding": "gzip" },
    payload: gzipSync("{\"sub\":\"a\"}").toString("latin1"),
  });
  t.match({ status, headers, body }, { status: 415, headers: { "accept-encoding": "identity" },
    body: { error: "invalid_request", error_description: /Content-Encoding is not supported/ } });
  const identity = { ...basic(client), "content-encoding": "Identity" };
  t.equal((await app.call("POST", "/mint", { headers: identity, payload: { sub: "a" } })).status, 200);
});

await t.test("a path that is no path is 400 in JSON", async (t) => {
  for (const url of ["/%", "/%zz", "/%c3%28", "/clients/%ff"]) {
    const { status, body } = await app.call("GET", url, { headers: OPERATOR });
    t.match({ status, body }, { status: 400, body: { error: "invalid_request" } }, url);
  }
});
