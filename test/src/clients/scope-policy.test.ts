import t from "../../support/tap.js";
import { type MintPolicy, PERMISSIVE } from "../../../src/clients/client.js";
import { grantedResources, grantedScopes, scopesAt } from "../../../src/clients/scope-policy.js";
import type { AuthflowError } from "../../../src/shared/errors.js";

const DEPLOYMENT = { selfRegistered: { audiences: ["https://mcp.example.com"], scopes: ["mcp:tools"] } };
const [API, OTHER, MCP] = ["https://api.example.com", "https://other.example.com", "https://mcp.example.com"];
const aClient = (policy: Partial<MintPolicy>, isSelfRegistered = false) =>
  ({ id: "an-id", policy: { ...PERMISSIVE, ...policy }, isSelfRegistered });
const outcome = (work: () => string[]): string | string[] => {
  try {
    return work();
  } catch (error) {
    return (error as AuthflowError).code;
  }
};

interface ScopeCase {
  policy?: Partial<MintPolicy>;
  self?: true;
  asked: string | undefined;
  resources?: string[];
  granted: string[] | "invalid_scope";
}
const STANDARD = "openid profile email address phone offline_access";
const BOUNDED = { scopes: ["read", "write"], audience_scopes: { [API]: ["read"], [OTHER]: ["write"] } };
const SCOPES: ScopeCase[] = [
  { asked: undefined, granted: [] },
  { asked: "", granted: [] },
  { asked: STANDARD, granted: STANDARD.split(" ") },
  { asked: STANDARD, policy: { scopes: [] }, granted: STANDARD.split(" ") },
  { asked: " openid  openid ", granted: ["openid"] },
  { asked: "read", granted: "invalid_scope" },
  { asked: "read", policy: { scopes: ["read"] }, granted: ["read"] },
  { asked: "openid read", policy: { scopes: ["read"] }, granted: ["openid", "read"] },
  { asked: "READ", policy: { scopes: ["read"] }, granted: "invalid_scope" },
  { asked: "a\"b", policy: { scopes: ["a\"b"] }, granted: "invalid_scope" },
  { asked: "rëad", policy: { scopes: ["rëad"] }, granted: "invalid_scope" },
  { asked: "mcp:tools", granted: ["mcp:tools"] },
  { asked: "mcp:tools", policy: { scopes: [] }, granted: "invalid_scope" },
  { asked: "mcp:tools", self: true, granted: ["mcp:tools"] },
  { asked: "mcp:tools", self: true, policy: { scopes: [] }, granted: "invalid_scope" },
  { asked: "read", self: true, granted: "invalid_scope" },
  { asked: "read", self: true, policy: { scopes: ["read"] }, granted: ["read"] },
  { asked: "read", policy: BOUNDED, granted: ["read"] },
  { asked: "read", policy: BOUNDED, resources: [API], granted: ["read"] },
  { asked: "write", policy: BOUNDED, resources: [API], granted: "invalid_scope" },
  { asked: "openid write", policy: BOUNDED, resources: [API, OTHER], granted: ["openid", "write"] },
  { asked: "write", policy: BOUNDED, resources: [MCP], granted: ["write"] },
  { asked: "write", policy: { ...BOUNDED, default_audience: [API] }, granted: "invalid_scope" },
  { asked: "write", policy: { ...BOUNDED, default_audience: [API] }, resources: [OTHER], granted: ["write"] },
  { asked: "constructor", policy: { scopes: ["constructor"], audience_scopes: {} }, granted: ["constructor"] },
];
for (const { policy = {}, self, asked, resources = [], granted } of SCOPES) {
  t.strictSame(outcome(() => grantedScopes(aClient(policy, self), asked, resources, DEPLOYMENT)), granted,
    `scope ${asked} at [${resources.join()}] under ${JSON.stringify(policy)}${self ? ", self-registered" : ""}`);
}

t.test("a token for several audiences has no scope that one of them may not get", async (t) => {
  const policy = { ...PERMISSIVE, ...BOUNDED };
  t.strictSame(scopesAt(policy, ["openid", "read", "write"], [API]), ["openid", "read"]);
  t.strictSame(scopesAt(policy, ["openid", "read", "write"], [API, OTHER]), ["openid"]);
  t.strictSame(scopesAt(policy, ["read", "write"], [MCP]), ["read", "write"]);
  t.strictSame(scopesAt(policy, ["read", "write"], []), ["read", "write"]);
  t.strictSame(scopesAt({ ...policy, default_audience: [API] }, ["read", "write"], []), ["read"]);
});

interface ResourceCase {
  policy?: Partial<MintPolicy>;
  self?: true;
  asked: string[];
  granted: string[] | "invalid_target";
}
const RESOURCES: ResourceCase[] = [
  { asked: [], granted: [] },
  { asked: [API], granted: [API] },
  { asked: [API, OTHER, API], granted: [API, OTHER] },
  { asked: ["urn:example:api"], granted: ["urn:example:api"] },
  ...["api", "/api", "//api", "https://api.example.com#a", "https://api.example.com#", "", "https://", "a b:c",
    "https://api.example.com/\n", "https://äpi.example.com", `https://api.example.com/${"a".repeat(240)}`]
    .map((resource): ResourceCase => ({ asked: [resource], granted: "invalid_target" })),
  { asked: ["api"], policy: { audiences: ["api"] }, granted: "invalid_target" },
  { asked: [API], policy: { audiences: [API] }, granted: [API] },
  { asked: [API, OTHER], policy: { audiences: [API] }, granted: "invalid_target" },
  { asked: [API], policy: { audiences: [] }, granted: "invalid_target" },
  { asked: [`${API}/`], policy: { audiences: [API] }, granted: [API] },
  { asked: [API], policy: { audiences: [`${API}/`] }, granted: [`${API}/`] },
  { asked: [`${API}/`, API], policy: { audiences: [API] }, granted: [API] },
  { asked: [`${API}/v1/`], policy: { audiences: [`${API}/v1`] }, granted: "invalid_target" },
  { asked: [API], self: true, granted: "invalid_target" },
  { asked: [MCP, `${MCP}/`], self: true, granted: [MCP] },
  { asked: [MCP], self: true, policy: { audiences: [API] }, granted: "invalid_target" },
  { asked: [API], self: true, policy: { audiences: [API] }, granted: [API] },
  { asked: Array.from({ length: 11 }, (_, i) => `${API}/${i}`), granted: "invalid_target" },
];
for (const { policy = {}, self, asked, granted } of RESOURCES) {
  t.strictSame(outcome(() => grantedResources(aClient(policy, self), asked, DEPLOYMENT)), granted,
    `${JSON.stringify(asked)} under ${JSON.stringify(policy)}${self ? ", self-registered" : ""}`);
}

t.test("a refusal names what was asked for, what is allowed, and who can change it", async (t) => {
  const client = aClient({ scopes: ["read"], audiences: [API] });
  t.throws(() => grantedScopes(client, "openid admin", [], DEPLOYMENT), { message: /"admin".*read.*policy an-id/ });
  t.throws(() => grantedResources(client, [OTHER], DEPLOYMENT), { message: /other.*api\.example.*policy an-id/ });
  const stranger = aClient({}, true);
  t.throws(() => grantedScopes(stranger, "admin", [], DEPLOYMENT), { message: /AUTHFLOW_SELF_REGISTERED_SCOPES$/ });
  t.throws(() => grantedResources(stranger, [API], DEPLOYMENT), { message: /AUTHFLOW_SELF_REGISTERED_AUDIENCES$/ });
  t.throws(() => grantedScopes(stranger, "mcp:tools", [], {}), { message: /policy an-id/ }, "no user stands behind it");
  t.throws(() => grantedResources(stranger, [MCP], {}), { message: /policy an-id/ });
});
