import t from "../../support/tap.js";
import { type MintPolicy, PERMISSIVE } from "../../../src/clients/client.js";
import { enforceMintPolicy, type PolicedRequest } from "../../../src/clients/mint-policy.js";
import type { AuthflowError } from "../../../src/shared/errors.js";

const REQUEST: PolicedRequest = { sub: "alice", provider: "local", audience: null, claimNames: [] };
const verdict = (policy: Partial<MintPolicy>, request: Partial<PolicedRequest>): string => {
  try {
    enforceMintPolicy({ ...PERMISSIVE, ...policy }, { ...REQUEST, ...request }, ["google", "linkedin"]);
    return "allowed";
  } catch (error) {
    return (error as AuthflowError).code;
  }
};

const CASES: [policy: Partial<MintPolicy>, request: Partial<PolicedRequest>, verdict: string][] = [
  [{}, {}, "allowed"],
  [{}, { provider: "google", audience: ["x"], claimNames: ["roles"] }, "allowed"],
  [{}, { sub: "google|1" }, "access_denied"], [{}, { sub: "linkedin|" }, "access_denied"],
  [{}, { sub: "google:1" }, "allowed"], [{}, { sub: "my-google|1" }, "allowed"],
  [{ subject_prefixes: ["google|"] }, { sub: "google|1" }, "allowed"],
    [{ subject_prefixes: ["google|"] }, { sub: "alice" }, "access_denied"],
  [{ subject_prefixes: [] }, { sub: "alice" }, "access_denied"],
    [{ subject_prefixes: ["a", "b"] }, { sub: "bob" }, "allowed"],
  [{ subject_prefixes: ["shop|"] }, { sub: "google|1" }, "access_denied"],
    [{ subject_prefixes: ["SHOP|"] }, { sub: "shop|1" }, "access_denied"],
  [{ providers: ["sso"] }, { provider: "sso" }, "allowed"], [{ providers: ["sso"] }, { provider: "local" },
    "access_denied"],
  [{ providers: [] }, { provider: "local" }, "access_denied"],
    [{ providers: ["sso"] }, { provider: "SSO" }, "access_denied"],
  [{ audiences: ["api"] }, { audience: ["api"] }, "allowed"], [{ audiences: ["api"] }, { audience: null }, "allowed"],
  [{ audiences: ["api"] }, { audience: ["api", "other"] }, "invalid_target"],
    [{ audiences: [] }, { audience: ["api"] }, "invalid_target"],
  [{ audience_scopes: { api: ["read"] } }, { audience: ["api"], scopes: ["read", "openid"] }, "allowed"],
  [{ audience_scopes: { api: ["read"] } }, { audience: ["api"], scopes: ["write"] }, "invalid_scope"],
  [{ audience_scopes: { api: ["read"] } }, { audience: ["other", "api"], scopes: ["write"] }, "invalid_scope"],
  [{ audience_scopes: { api: ["read"] } }, { audience: ["other"], scopes: ["write"] }, "allowed"],
  [{ audience_scopes: { api: [] }, default_audience: ["api"] }, { scopes: ["write"] }, "invalid_scope"],
  [{ claim_names: ["roles"] }, { claimNames: ["roles"] }, "allowed"],
    [{ claim_names: ["roles"] }, { claimNames: ["roles", "admin"] }, "access_denied"],
  [{ claim_names: [] }, { claimNames: ["roles"] }, "access_denied"],
    [{ claim_names: [] }, { claimNames: [] }, "allowed"],
];
for (const [policy, request, expected] of CASES) {
  t.equal(verdict(policy, request), expected, `${JSON.stringify(policy)} ${JSON.stringify(request)} is ${expected}`);
}
