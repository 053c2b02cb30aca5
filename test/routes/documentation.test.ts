import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import t from "../support/tap.js";
import { parse } from "yaml";
import { testApp } from "../support/app.js";
import { ROOT } from "../support/root.js";

const app = await testApp(t);
const { body: document } = await app.call("GET", "/openapi.json");
interface ErrorExample { error: string; error_description: string; request_id?: string }
type Content = Record<string, { example?: ErrorExample; schema: { examples?: object[] } }>;
interface Operation {
  operationId: string;
  summary: string;
  security: object[];
  parameters?: { name: string; required: boolean; schema: object }[];
  requestBody?: { required?: boolean; content: Content };
  responses: Record<string, { content?: Content }>;
}
const paths = document.paths as Record<string, Record<string, Operation>>;
const operations = Object.entries(paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ path, method, operation })));

t.match(document, { openapi: /^3\.1/, info: { title: "Authflow" } });
t.strictSame(document, parse(readFileSync(join(ROOT, "openapi.yaml"), "utf8")),
  "openapi.yaml is this document");
t.equal(new Set(operations.map(({ operation }) => operation.operationId)).size, operations.length,
  "operationIds are unique");
t.strictSame(operations.map(({ path, method }) => `${method} ${path}`).sort(), [
  "delete /clients/{client_id}", "delete /consents/{client_id}", "get /",
  "get /.well-known/jwks.json", "get /.well-known/oauth-authorization-server",
  "get /.well-known/openid-configuration", "get /auth", "get /auth/{provider}", "get /auth/{provider}/callback",
  "get /authorize", "get /authorize/consent", "get /clients", "get /clients/{client_id}", "get /consents",
  "get /health/live",
  "get /health/ready", "get /keys", "get /logins/{challenge}", "get /revocations", "get /revocations/stream",
  "get /status-lists/{id}", "get /userinfo", "patch /clients/{client_id}", "post /auth/{provider}/callback",
  "post /authorize", "post /authorize/consent", "post /clients", "post /clients/{client_id}/revoke-tokens",
  "post /clients/{client_id}/rotate-secret", "post /introspect", "post /keys/rotate", "post /keys/{kid}/revoke",
  "post /logins/{challenge}/accept", "post /logins/{challenge}/reject", "post /logout", "post /mint", "post /par",
  "post /revocations", "post /revoke", "post /token", "post /userinfo",
]);
for (const { path, method, operation } of operations) {
  t.ok(operation.summary && Array.isArray(operation.security), `${method} ${path} says what it does and who may`);
}

await t.test("every schema is one by JSON Schema: the service does not check that when it starts", async (t) => {
  const ajv = new Ajv2020({ strict: false, logger: false });
  const { schemas = {} } = document.components as { schemas?: Record<string, object> };
  const inPaths = operations.flatMap(({ operation: { requestBody, parameters = [] } }) =>
    [...Object.values(requestBody?.content ?? {}), ...parameters].map(({ schema }) => schema));
  for (const schema of [...Object.values(schemas), ...inPaths])
    t.ok(ajv.validateSchema(schema), ajv.errorsText(), { schema });
});

/** RFC 6749 §5.2 and RFC 6750 §3.1 where they have a code, else ours. */
const CODES: Record<string, RegExp> = {
  400: /^invalid_request$/, 401: /^invalid_(client|token)$/, 403: /^access_denied$/, 404: /^not_found$/,
  409: /^invalid_request$/, 410: /^invalid_request$/,
  413: /^invalid_request$/, 415: /^invalid_request$/, 429: /^too_many_requests$/,
  500: /^server_error$/, 503: /^temporarily_unavailable$/,
};

await t.test("each error has an example that belongs to its status", async (t) => {
  for (const { path, method, operation: { responses } } of operations) {
    for (const [status, { content }] of Object.entries(responses)) {
      if (Number(status) < 400 || path === "/health/ready") continue;
      const example = content?.["application/json"]?.example;
      t.match(example, { error: CODES[status] as RegExp, error_description: String }, `${method} ${path} ${status}`);
      t.equal(example?.request_id !== undefined, Number(status) >= 500, `${method} ${path} ${status}`);
    }
  }
  const example = (path: string, method: string, status: string) =>
    paths[path]?.[method]?.responses[status]?.content?.["application/json"]?.example;
  t.match(example("/mint", "post", "401"), { error: "invalid_client" });
  t.match(example("/userinfo", "get", "401"), { error: "invalid_token" });
  t.match(example("/token", "post", "415"), { error_description: /application\/x-www-form-urlencoded/ });
});

await t.test("what a request may omit is not required in the document", async (t) => {
  for (const [path, method] of [["/clients", "get"], ["/revocations", "get"]] as const)
    t.match(paths[path]?.[method]?.parameters?.filter(({ required }) => required), []);
  for (const path of ["/logout", "/userinfo"]) {
    t.equal(paths[path]?.post?.requestBody?.required, false, path);
    t.notMatch(JSON.stringify(paths[path]?.post?.requestBody), /"null"/);
  }
  t.notMatch(JSON.stringify(paths["/mint"]?.post?.requestBody), /authflow_secret/);
});

await t.test("AUTHFLOW_DOCS=off switches the documentation off", async (t) => {
  const quiet = await testApp(t, { AUTHFLOW_DOCS: "off" });
  for (const url of ["/docs", "/docs/", "/docs/json", "/docs/static/swagger-ui.css", "/openapi.json"])
    t.match(await quiet.call("GET", url), { status: 404, body: { error: "not_found" } }, url);
  t.notMatch((await quiet.call("GET", "/nowhere")).text, /docs/);
  t.equal((await quiet.call("GET", "/health/live")).status, 200);
});

await t.test("only a script of /docs gets no challenge of Basic, which would open the browser's dialog", async (t) => {
  const script = { "sec-fetch-site": "same-origin", "sec-fetch-dest": "empty", "sec-fetch-mode": "cors" };
  const challenge = async (url: string, headers: Record<string, string>) => {
    const answer = await app.call("GET", url, { headers });
    t.equal(answer.status, 401);
    return answer.headers["www-authenticate"];
  };
  t.equal(await challenge("/revocations", script), undefined);
  t.match(await challenge("/userinfo", script), /^Bearer/);
  for (const headers of [{}, { ...script, "sec-fetch-site": "cross-site" },
    { ...script, "sec-fetch-site": "none", "sec-fetch-dest": "document" }])
    t.match(await challenge("/revocations", headers), /^Basic realm=/);
});

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
