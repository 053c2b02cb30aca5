import t from "./tap.js";
import { type ObservedResponse, type OpenApiDocument, responseValidator } from "./openapi.js";

const user = { type: "object", required: ["id"], properties: { id: { type: "string", format: "uuid" } } };
const json = (schema: object) => ({ content: { "application/json": { schema } } });
const document: OpenApiDocument = {
  components: { schemas: { User: user } },
  paths: { "/users/{id}": { get: { responses: { 200: json({ $ref: "#/components/schemas/User" }), 204: {} } } } },
};
const check = responseValidator(document);
const observed = (changes: Partial<ObservedResponse>): ObservedResponse => ({
  method: "GET", url: "/users/1?full=1", status: 200, contentType: "application/json; charset=utf-8",
  body: JSON.stringify({ id: "6b1f0c6e-5a5b-4d7c-9a64-0f4f4dbb3f10" }), ...changes,
});

await t.test("accepts what is documented, through path templates and references", async (t) => {
  t.doesNotThrow(() => { check(observed({})); });
  t.doesNotThrow(() => { check(observed({ status: 204, contentType: undefined, body: "" })); });
});

await t.test("refuses what is not", async (t) => {
  const wrong: Record<string, Partial<ObservedResponse>> = {
    "another body": { body: "{}" },
    "another format": { body: "{\"id\":\"1\"}" },
    "another status": { status: 418 },
    "another media type": { contentType: "text/plain" },
    "a body where there is none": { status: 204 },
  };
  for (const [what, changes] of Object.entries(wrong)) t.throws(() => { check(observed(changes)); }, what);
});

await t.test("refuses what the document does not have, but for the app's answers to an unknown place", async (t) => {
  const nowhere = { url: "/groups/1" };
  t.throws(() => { check(observed(nowhere)); }, /GET \/groups\/1 answered 200, and is not documented/);
  t.throws(() => { check(observed({ ...nowhere, status: 500 })); });
  t.throws(() => { check(observed({ ...nowhere, status: 405 })); });
  t.throws(() => { check(observed({ method: "DELETE" })); }, /DELETE \/users\/1 answered 200, and is not documented/);
  t.throws(() => { check(observed({ method: "DELETE", status: 400 })); });
  t.throws(() => { check(observed({ url: "/docs/secret" })); });
  t.throws(() => { check(observed({ method: "HEAD", status: 500, body: "" })); });
  t.throws(() => { check(observed({ method: "HEAD" })); }, /HEAD .* answered a body/);
  t.throws(() => { check(observed({ method: "OPTIONS", status: 200, body: "" })); });
  t.throws(() => { check(observed({ ...nowhere, method: "OPTIONS", status: 204, body: "" })); });
  t.doesNotThrow(() => { check(observed({ method: "HEAD", body: "" })); });
  t.doesNotThrow(() => { check(observed({ method: "HEAD", status: 405, body: "" })); });
  t.doesNotThrow(() => { check(observed({ method: "OPTIONS", status: 204, body: "" })); });
  for (const status of [400, 404]) t.doesNotThrow(() => { check(observed({ ...nowhere, status })); });
  for (const status of [404, 405]) t.doesNotThrow(() => { check(observed({ method: "DELETE", status })); });
  for (const url of ["/openapi.json", "/docs", "/docs/static/index.css"])
    t.doesNotThrow(() => { check(observed({ url })); });
});
