import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "../support/tap.js";
import { parse } from "yaml";
import { testApp } from "../support/app.js";
import { ROOT } from "../support/root.js";

const app = await testApp(t);
const { body: document } = await app.call("GET", "/openapi.json");
type Operation = { operationId: string; summary: string; security: object[]; responses: Record<string, object> };
const paths = document.paths as Record<string, Record<string, Operation>>;
const operations = Object.entries(paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ path, method, operation })));

t.match(document, { openapi: /^3\.1/, info: { title: "Authflow" } });
t.strictSame(document, parse(readFileSync(join(ROOT, "openapi.yaml"), "utf8")),
  "openapi.yaml is this document");
t.equal(new Set(operations.map(({ operation }) => operation.operationId)).size, operations.length,
  "operationIds are unique");
t.strictSame(operations.map(({ path, method }) => `${method} ${path}`).sort(), [
  "delete /clients/{client_id}", "get /", "get /.well-known/jwks.json", "get /auth", "get /auth/{provider}",
  "get /auth/{provider}/callback", "get /clients", "get /clients/{client_id}", "get /health/live", "get /health/ready",
  "get /keys", "get /revocations", "get /revocations/stream", "get /status-lists/{id}",
  "get /userinfo", "patch /clients/{client_id}", "post /auth/{provider}/callback", "post /clients",
  "post /clients/{client_id}/revoke-tokens",
  "post /clients/{client_id}/rotate-secret", "post /introspect", "post /keys/rotate", "post /keys/{kid}/revoke",
  "post /logout", "post /mint", "post /revocations", "post /token",
]);
for (const { path, method, operation } of operations) {
  t.ok(operation.summary && Array.isArray(operation.security), `${method} ${path} says what it does and who may`);
}

await t.test("the page at /docs runs from our own files without inline script", async (t) => {
  const { status, text, headers } = await app.call("GET", "/docs");
  t.equal(status, 200);
  t.match(headers["content-type"], /^text\/html/);
  t.notMatch(text, /<script(?![^>]*src=)|\son\w+=|(src|href)="https?:/);
  for (const [, asset] of text.matchAll(/(?:src|href)="\.?([^"]+)"/g)) {
    const url = (asset as string).startsWith("/docs") ? asset as string : `/docs${asset as string}`;
    t.equal((await app.call("GET", url)).status, 200, url);
  }
});

await t.test("the description's server lies where the public URL says", async (t) => {
  const other = await testApp(t, { AUTHFLOW_PUBLIC_URL: "http://127.0.0.1:9999/base/" });
  t.strictSame((await other.call("GET", "/openapi.json")).body.servers, [{ url: "/base" }]);
});
