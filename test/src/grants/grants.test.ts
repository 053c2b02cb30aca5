import { Type } from "@sinclair/typebox";
import t from "../../support/tap.js";
import { type Client, type GrantType, PERMISSIVE } from "../../../src/clients/client.js";
import { authorizationCode } from "../../../src/grants/authorization-code.js";
import { defineGrant, type GrantDependencies } from "../../../src/grants/grant.js";
import { Grants, type TokenParameters } from "../../../src/grants/grants.js";
import { tokenForm } from "../../../routes/schemas/tokens/token.js";

const aClient = (changes: Partial<Client> = {}): Client => ({
  id: "a-client", name: "a", logoUri: null, redirectUris: [], secrets: [],
  authMethod: "client_secret_basic", jwks: null, jwksUri: null, idTokenAlg: null,
  grantTypes: ["authorization_code", "machine" as GrantType],
  isSelfRegistered: false, responseTypes: ["code"],
  permissions: ["login"], permissionsSince: 0, policy: PERMISSIVE,
  disabled: false, expiresAt: null, revision: 1, createdAt: 0, updatedAt: 0, ...changes,
});
const received: unknown[] = [];
/** As a new file and a new line in the table would bring it along. */
const machine = () => defineGrant({
  type: "machine", clientAuthentication: "required",
  parameters: Type.Object({
    audience: Type.String({ description: "Who it is for" }), scope: Type.Optional(Type.String()),
  }),
  example: { audience: "api" },
  allows: ({ name }) => name !== "forbidden",
  exchange: async (_client, parameters) => {
    received.push(parameters);
    return { access_token: parameters.audience, token_type: "Bearer", expires_in: 60, scope: "read" };
  },
});
const grants = new Grants({} as GrantDependencies, [authorizationCode, machine]);
const form = { grant_type: "machine", audience: "api" };

await t.test("a grant is one entry of the table: endpoint, documents and checks follow", async (t) => {
  t.strictSame(await grants.exchange(aClient(),
    { ...form, code: "another grant's", client_secret: "not its business" }),
    { access_token: "api", token_type: "Bearer", expires_in: 60, scope: "read" });
  t.strictSame(received, [{ audience: "api", scope: undefined }], "it gets its own parameters and no others");
  const { properties, required, ...documented } = tokenForm(grants);
  t.strictSame(Object.keys(properties),
    ["grant_type", "code", "redirect_uri", "code_verifier", "resource", "audience", "scope", "client_id",
      "client_secret", "client_assertion_type", "client_assertion"]);
  t.equal(properties.grant_type?.description, "`authorization_code` or `machine`");
  t.equal(properties.audience?.description, "Who it is for");
  t.strictSame(required, ["grant_type"], "which others are needed depends on the grant");
  t.match(documented.examples, [{ grant_type: "authorization_code" }, { grant_type: "machine", audience: "api" }]);
});

const refused: [what: string, client: Client, form: TokenParameters, error: string, message: RegExp][] = [
  ["a public client at a grant that wants authentication", aClient({ authMethod: "none" }), form, "unauthorized_client",
    /machine is for clients that authenticate/],
  ["a client that the grant does not allow", aClient({ name: "forbidden" }), form, "unauthorized_client",
    /may not use/],
  ["a client without the response type code", aClient({ responseTypes: ["token"] }),
    { grant_type: "authorization_code", code: "c", redirect_uri: "r" }, "unauthorized_client",
    /lacks the response type code/],
  ["a client whose grant types lack it", aClient({ grantTypes: ["authorization_code"] }), form, "unauthorized_client",
    /grant_type machine: an operator can add it .*grant-types a-client/],
  ["a missing parameter", aClient(), { grant_type: "machine" }, "invalid_request",
    /^audience is missing: send who it is for$/],
  ["another grant's parameter missing", aClient(), { grant_type: "authorization_code", code: "c" }, "invalid_request",
    /^redirect_uri is missing/],
  ["an unknown grant", aClient(), { grant_type: "password" }, "unsupported_grant_type",
    /must be authorization_code or machine/],
];
for (const [what, client, parameters, code, message] of refused) {
  await t.test(`${what} is refused`, async (t) => {
    received.length = 0;
    await t.rejects(grants.exchange(client, parameters), { status: 400, code, message });
    t.strictSame(received, [], "the grant was not asked");
  });
}
