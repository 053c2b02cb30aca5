import { createHash } from "node:crypto";
import { importJWK } from "jose";
import t from "../../support/tap.js";
import { decode, onEveryBackend, testApp } from "../../support/app.js";

const URL = "/.well-known/jwks.json";

await onEveryBackend(t, async (t, env) => {
  const app = await testApp(t, env);

  await t.test("the key that signs stands first, with its public members alone", async (t) => {
    const { status, headers, body } = await app.call("GET", URL);
    t.equal(status, 200);
    t.match(headers["content-type"], /^application\/json/);
    const [key, ...rest] = body.keys as Record<string, string>[];
    t.strictSame(rest, []);
    t.strictSame(Object.keys(key as object).sort(), ["alg", "e", "kid", "kty", "n", "use"]);
    t.match(key, { kty: "RSA", use: "sig", alg: "RS256", e: "AQAB", kid: decode(await app.mint(), 0).kid as string });
    t.equal(Buffer.from(key?.n ?? "", "base64url").length * 8, 2048);
    t.ok(await importJWK(key as object));
    const thumbprint = createHash("sha256").update(JSON.stringify({ e: key?.e, kty: "RSA",
      n: key?.n })).digest("base64url");
    t.equal(key?.kid, thumbprint, "RFC 7638");
  });

  await t.test("replicas and restarts publish the same document", async (t) => {
    const other = await testApp(t, env);
    t.equal((await other.call("GET", URL)).text, (await app.call("GET", URL)).text);
    t.equal((await other.userinfo(await app.mint())).status, 200);
  });
});

await t.test("it may be cached, and asked for again by its tag", async (t) => {
  const app = await testApp(t);
  const { headers: { etag, "cache-control": cacheControl } } = await app.call("GET", URL);
  t.equal(cacheControl, "public, max-age=300");
  t.match(etag, /^"[\w-]+"$/);
  for (const tag of [etag, `W/${etag}`, `"other", ${etag}`, `W/"a,b", W/${etag},"c"`, "*"]) {
    const answer = await app.call("GET", URL, { headers: { "if-none-match": tag as string } });
    t.strictSame([answer.status, answer.text, answer.headers.etag], [304, "", etag]);
  }
  for (const other of ["\"other\"", "W/\"other\"", "\"*\"", etag?.replaceAll("\"", "") as string, ""])
    t.equal((await app.call("GET", URL, { headers: { "if-none-match": other } })).status, 200, other);
  const head = await app.call("HEAD", URL);
  t.strictSame([head.status, head.text, head.headers.etag], [200, "", etag]);
});
