import t from "../../../support/tap.js";
import { checkIssuer } from "../../../../src/cli/checks/issuer.js";
import { loadConfig } from "../../../../src/config/load.js";

const PUBLIC = "http://localhost:8080";
const NAMED = [
  ["ok", 'tokens of /mint and /auth have the issuer "authflow-go": give their verifiers it and the JWKS URL'],
  ["ok", `tokens of /authorize and /token have the issuer ${PUBLIC}: give OpenID clients this URL`],
];
const DIFFERS = "clients look for /.well-known/openid-configuration below the issuer, so your proxy must pass that " +
  "on to Authflow";

const cases: [promise: string, env: Record<string, string>, findings: string[][]][] = [
  ["a name is the issuer of /mint and /auth only", {}, NAMED],
  ["the public URL can be the one issuer", { AUTHFLOW_ISSUER: PUBLIC },
    [["ok", `issuer is the public URL ${PUBLIC}, at all endpoints`]]],
  ["a slash at the end makes another issuer", { AUTHFLOW_ISSUER: `${PUBLIC}/` }, [
    ["ok", `issuer is AUTHFLOW_ISSUER ${PUBLIC}/, at all endpoints`],
    ["note", "AUTHFLOW_ISSUER ends with a slash, and AUTHFLOW_PUBLIC_URL does not: clients compare every character, " +
      `so configure them with ${PUBLIC}/`],
  ]],
  ["a slash at the end of the public URL makes no difference", { AUTHFLOW_PUBLIC_URL: `${PUBLIC}/` }, NAMED],
  ["another URL needs a proxy", { AUTHFLOW_ISSUER: "https://id.example.com" }, [
    ["ok", "issuer is AUTHFLOW_ISSUER https://id.example.com, at all endpoints"],
    ["note", `AUTHFLOW_ISSUER https://id.example.com differs from AUTHFLOW_PUBLIC_URL ${PUBLIC}: ${DIFFERS}`],
  ]],
  ["the metadata of an issuer with a path stands outside the path",
    { AUTHFLOW_PUBLIC_URL: `${PUBLIC}/identity`, AUTHFLOW_ISSUER: `${PUBLIC}/identity` }, [
      ["ok", `issuer is the public URL ${PUBLIC}/identity, at all endpoints`],
      ["note", `the issuer has a path: OAuth clients look for ${PUBLIC}/.well-known/oauth-authorization-server` +
        "/identity (RFC 8414), so your proxy must pass that on to Authflow"],
    ]],
];
for (const [promise, env, findings] of cases) {
  await t.test(promise, async (t) => {
    const config = loadConfig({ AUTHFLOW_PUBLIC_URL: PUBLIC, ...env });
    t.strictSame(await checkIssuer(config, undefined as never), findings);
  });
}
