import t from "../../support/tap.js";
import { faultsOf, namedOpenId, type OpenIdForm } from "../../support/named-upstream.js";

const HOST = "https://login.microsoftonline.com";
const TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47";
const OTHER = "9188040d-6c67-4c5b-b112-36a304b66dad";
const TEMPLATE = `${HOST}/{tenantid}/v2.0`;
/** learn.microsoft.com: "OpenID Connect on the Microsoft identity platform", "ID token claims reference". */
const form = (tenant: string, named: string, idToken: object = {}): OpenIdForm => ({
  issuer: `${HOST}/${tenant}/v2.0`,
  named,
  env: { MICROSOFT_TENANT: tenant },
  metadata: {
    authorization_endpoint: `${HOST}/${tenant}/oauth2/v2.0/authorize`,
      token_endpoint: `${HOST}/${tenant}/oauth2/v2.0/token`,
    jwks_uri: `${HOST}/${tenant}/discovery/v2.0/keys`, userinfo_endpoint: "https://graph.microsoft.com/oidc/userinfo",
    token_endpoint_auth_methods_supported: ["client_secret_post", "private_key_jwt", "client_secret_basic"],
  },
  idToken: {
    ver: "2.0", iss: `${HOST}/${TENANT}/v2.0`, tid: TENANT, oid: "00000000-0000-0000-66f3-3332eca7ea81",
    sub: "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ", preferred_username: "alice@contoso.example", name: "Alice",
    email: "alice@contoso.example", ...idToken,
  },
});

const USER = { sub: "microsoft|AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ", email: "alice@contoso.example",
  name: "Alice" };
const SET = form("common", TEMPLATE);
const { logIn: logInThroughCommon } = await namedOpenId(t, "microsoft", SET);

await t.test("common: any tenant in the template's place", async (t) => {
  const login = await logInThroughCommon();
  t.ok(login.authorize.href.startsWith(`${SET.metadata.authorization_endpoint}?`));
  t.strictSame(faultsOf(login, "microsoft", "POST /common/oauth2/v2.0/token", "header"), []);
  t.match(login.claims, USER);
  t.notOk(login.asked.has("GET /oidc/userinfo"), "its sub is another one");
});

const VOUCHED: [string, object, boolean][] = [
  ["an address that nobody vouches for", {}, false], ["a domain that the tenant does not own", { xms_edov: false },
    false],
  ["email_verified, which does not count", { email_verified: true }, false],
  ["a domain that the tenant owns", { xms_edov: true }, true], ["the same as a number", { xms_edov: 1 }, true],
  ["the same as a text", { xms_edov: "true" }, true],
];
for (const [promise, claims, verified] of VOUCHED) {
  t.test(`common: ${promise}`, async (t) => {
    t.match((await logInThroughCommon({ ...claims })).claims, { ...USER, email_verified: verified });
  });
}

const REFUSED: [string, object][] = [
  ["one tenant in iss and another in tid", { tid: OTHER }], ["a tid that is no tenant", { tid: "x",
    iss: `${HOST}/x/v2.0` }],
  ["no tid", { tid: undefined }], ["no tid, and the template as iss", { tid: undefined, iss: TEMPLATE }],
  ["an iss at another host", { iss: `https://evil.example/${TENANT}/v2.0` }],
];
for (const [promise, claims] of REFUSED) {
  t.test(`common: a token with ${promise} is refused`, async (t) => {
    t.equal((await logInThroughCommon({ ...claims })).error, "server_error");
  });
}

const FOREIGN = { tid: OTHER, iss: `${HOST}/${OTHER}/v2.0` };
for (const [promise, tenant] of [["its id", TENANT], ["its domain", "contoso.example"]] as const) {
  t.test(`a tenant by ${promise}, whose document names the id`, async (t) => {
    const { logIn } = await namedOpenId(t, "microsoft", form(tenant, `${HOST}/${TENANT}/v2.0`));
    t.match((await logIn()).claims, { ...USER, email_verified: false });
    t.equal((await logIn(FOREIGN)).error, "server_error", "another tenant's token is refused");
  });
}

const LYING: [string, OpenIdForm][] = [
  ["common: a document with a template at another host", form("common", "https://evil.example/{tenantid}/v2.0")],
  ["a tenant by its id: a document that names another", form(TENANT, `${HOST}/${OTHER}/v2.0`, FOREIGN)],
  ["a tenant by its id: a document that takes any", form(TENANT, TEMPLATE, FOREIGN)],
  ["a tenant by its domain: a document that takes any", form("contoso.example", TEMPLATE, FOREIGN)],
];
for (const [promise, given] of LYING) {
  t.test(`${promise} is refused`, async (t) => {
    const { logIn } = await namedOpenId(t, "microsoft", given);
    t.equal((await logIn()).error, "server_error");
  });
}
