import { generateKeyPairSync } from "node:crypto";
import * as oauth from "oauth4webapi";
import t from "../../support/tap.js";
import { OPERATOR, REDIRECT_URI, testApp } from "../../support/app.js";

const PUBLIC_KEY = generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" });
const PRIVATE_KEY = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" });
const SMALL_KEY = generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey.export({ format: "jwk" });
const STANDARD_SCOPES = "openid profile email address phone offline_access";
const redirect_uris = [REDIRECT_URI];

const app = await testApp(t);
const register = (payload: object) => app.call("POST", "/clients", { payload });

/** Bodies that libraries send as they are. */
const BODIES: [who: string, body: object, answer: object][] = [
  ["the MCP TypeScript SDK", {
    client_name: "MCP client", client_uri: "https://mcp.example.com", redirect_uris: ["http://localhost:3000/callback"],
    grant_types: ["authorization_code", "refresh_token"], response_types: ["code"],
    token_endpoint_auth_method: "none", scope: "mcp:tools", software_id: "sdk", software_version: "1.0",
  }, {
    client_name: "MCP client", token_endpoint_auth_method: "none", response_types: ["code"],
    grant_types: ["authorization_code", "refresh_token"], permissions: ["login"],
  }],
  ["an editor that asks for grants that there are not", {
    client_name: "Editor", redirect_uris: ["http://127.0.0.1:33418/", "https://editor.example/redirect"],
    grant_types: ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
    response_types: ["code"], token_endpoint_auth_method: "none", application_type: "native",
  }, { grant_types: ["authorization_code", "refresh_token"] }],
  ["OpenID Connect Dynamic Client Registration", {
    application_type: "web", redirect_uris, client_name: "OP tester", "client_name#ja-Jpan-JP": "クライアント名",
    logo_uri: "https://client.example.org/logo.png", subject_type: "public", contacts: ["ve7jtb@example.org"],
    id_token_signed_response_alg: "RS256", userinfo_encrypted_response_alg: null,
    response_types: ["code", "code id_token"],
  }, {
    client_name: "OP tester", name: "OP tester", logo_uri: "https://client.example.org/logo.png",
    id_token_signed_response_alg: "RS256", token_endpoint_auth_method: "client_secret_basic",
    response_types: ["code"], grant_types: ["authorization_code", "refresh_token"], client_secret: String,
    permissions: ["login", "introspect:own", "revoke:own"],
  }],
  ["redirect URIs alone", { redirect_uris }, {
    name: "app.example.com", client_name: "app.example.com", id_token_signed_response_alg: "RS256",
  }],
  ["a native application alone", { redirect_uris: ["com.example.app:/cb"] }, { client_name: "com.example.app" }],
  ["an editor alone, whose host is nobody's", { redirect_uris: ["cursor://accounts.example.com/oauth/callback"] },
    { client_name: "cursor" }],
  ["a service", { client_name: "jobs", grant_types: ["client_credentials"], response_types: [],
    token_endpoint_auth_method: "client_secret_post" }, {
    grant_types: ["client_credentials"], token_endpoint_auth_method: "client_secret_post", redirect_uris: [],
    permissions: ["introspect:own", "revoke:own"], id_token_signed_response_alg: undefined,
  }],
  ["a client with keys", { client_name: "keys", redirect_uris, token_endpoint_auth_method: "private_key_jwt",
    jwks: { keys: [PUBLIC_KEY] } }, { token_endpoint_auth_method: "private_key_jwt", jwks: { keys: [PUBLIC_KEY] } }],
  ["a client whose keys are elsewhere", { client_name: "keys", redirect_uris,
    token_endpoint_auth_method: "private_key_jwt", jwks_uri: "https://client.example.org/jwks.json" },
    { jwks_uri: "https://client.example.org/jwks.json" }],
  ["a standard client that asks for mint", { client_name: "platform", permissions: ["mint"] },
    { permissions: ["mint"], grant_types: ["refresh_token", "client_credentials"] }],
  ["Authflow's own form with keys", { name: "keys", redirect_uri: REDIRECT_URI, jwks: { keys: [PUBLIC_KEY] },
    token_endpoint_auth_method: "private_key_jwt" },
    { name: "keys", client_name: "keys", id_token_signed_response_alg: undefined }],
  ["both names, if they are the same", { name: "a", client_name: "a", redirect_uris }, { name: "a" }],
];
for (const [who, body, answer] of BODIES) {
  await t.test(`${who} is registered, and the answer says how`, async (t) => {
    const { status, headers, body: answered } = await register(body);
    t.equal(status, 201, JSON.stringify(answered));
    t.match(answered, answer);
    t.match({ issued: Number(answered.client_id_issued_at) > 1.6e9, cached: headers["cache-control"] },
      { issued: true, cached: "no-store" });
    const hasSecret = (answered.token_endpoint_auth_method as string).startsWith("client_secret");
    t.strictSame(["client_secret" in answered, answered.client_secret_expires_at],
      hasSecret ? [true, 0] : [false, undefined]);
    t.equal(answered.scope, STANDARD_SCOPES, "what it may request follows from the policy, not from its wish");
    const { client_secret: _1, client_secret_expires_at: _2, client_id_issued_at: _3, scope: _4, ...kept } = answered;
    t.match((await app.call("GET", `/clients/${String(answered.client_id)}`, { headers: OPERATOR })).body, kept);
  });
}

await t.test("oauth4webapi registers a client", async (t) => {
  const issuer = await app.fastify.listen({ port: 0, host: "127.0.0.1" });
  const as = { issuer, registration_endpoint: `${issuer}/clients` };
  const response = await oauth.dynamicClientRegistrationRequest(as,
    { client_name: "oauth4webapi", redirect_uris, token_endpoint_auth_method: "client_secret_basic" },
    { [oauth.allowInsecureRequests]: true });
  const client = await oauth.processDynamicClientRegistrationResponse(response);
  t.match(client, { client_id: String, client_secret: /^authflow_secret_/, client_secret_expires_at: 0 });
});

const jwt = { client_name: "a", redirect_uris, token_endpoint_auth_method: "private_key_jwt" };
const METADATA = "invalid_client_metadata";
const REFUSED: [what: string, body: object, error: string, description: RegExp][] = [
  ["no redirect URI", { client_name: "a" }, "invalid_redirect_uri", /^redirect_uris is missing/],
  ["no redirect URI, with the grant", { client_name: "a", grant_types: ["authorization_code"] },
    "invalid_redirect_uri", /^redirect_uris is missing/],
  ["a redirect URI with a fragment", { client_name: "a", redirect_uris: ["https://a.example/#x"] },
    "invalid_redirect_uri", /fragment/],
  ["unknown members alone", { foo: 1 }, "invalid_redirect_uri", /^redirect_uris is missing/],
  ["two names that differ", { client_name: "a", name: "b", redirect_uris }, METADATA, /^name differs/],
  ["a name of 101 characters", { client_name: "a".repeat(101), redirect_uris }, METADATA, /^client_name is not valid/],
  ["an unknown method", { client_name: "a", redirect_uris, token_endpoint_auth_method: "client_secret_jwt" }, METADATA,
    /^token_endpoint_auth_method: ".*" is not one of client_secret_basic/],
  ["unknown grants alone", { client_name: "a", redirect_uris, grant_types: ["implicit"] }, METADATA,
    /^grant_types: "implicit" is not one of authorization_code, refresh_token, client_credentials$/],
  ["the grant without its response type", { client_name: "a", redirect_uris, grant_types: ["authorization_code"],
    response_types: ["token"] }, METADATA, /needs the response type code/],
  ["a public client with client_credentials", { client_name: "a", redirect_uris, token_endpoint_auth_method: "none",
    grant_types: ["authorization_code", "client_credentials"] }, METADATA, /client_credentials: it needs authenti/],
  ["another algorithm", { client_name: "a", redirect_uris, id_token_signed_response_alg: "none" }, METADATA,
    /id_token_signed_response_alg must be RS256/],
  ["private_key_jwt without keys", jwt, METADATA, /^jwks or jwks_uri is missing/],
  ["keys in two places", { ...jwt, jwks: { keys: [PUBLIC_KEY] }, jwks_uri: "https://a.example/" }, METADATA,
    /not both/],
  ["a private key", { ...jwt, jwks: { keys: [PUBLIC_KEY, PRIVATE_KEY] } }, METADATA,
    /^jwks.keys.1 has the private member d/],
  ["a shared secret as key", { ...jwt, jwks: { keys: [{ kty: "oct", k: "c2VjcmV0" }] } }, METADATA, /private member k/],
  ["a small key", { ...jwt, jwks: { keys: [SMALL_KEY] } }, METADATA, /2048/],
  ["a key that is none", { ...jwt, jwks: { keys: [{ kty: "RSA", n: "x", e: "AQAB" }] } }, METADATA, /2048/],
  ["a key for encryption", { ...jwt, jwks: { keys: [{ ...PUBLIC_KEY, use: "enc" }] } }, METADATA, /for signatures/],
  ["a key id that not every database stores", { ...jwt, jwks: { keys: [{ ...PUBLIC_KEY, kid: "a\0b" }] } }, METADATA,
    /^jwks must hold printable texts/],
  ["no keys", { ...jwt, jwks: { keys: [] } }, METADATA, /^jwks.keys/],
  ["eleven keys", { ...jwt, jwks: { keys: Array.from({ length: 11 }, () => PUBLIC_KEY) } }, METADATA, /^jwks.keys/],
  ["a large key", { ...jwt, jwks: { keys: [{ ...PUBLIC_KEY, x5c: ["a".repeat(17_000)] }] } }, METADATA, /16384/],
  ...["http://client.example.org/", "https://user@client.example.org/", "file:///etc/passwd", "jwks.json",
    "https://client.example.org/#a", "https://client.example.org/a b"].map((uri): (typeof REFUSED)[number] =>
    [`the jwks_uri ${uri}`, { ...jwt, jwks_uri: uri }, METADATA, /^jwks_uri must be an https URL/]),
  ["the feed with keys", { ...jwt, jwks: { keys: [PUBLIC_KEY] }, permissions: ["feed"] }, METADATA, /can't have feed/],
  ["Authflow's own form without a name", { redirect_uri: REDIRECT_URI, grant_types: ["refresh_token"] },
    "invalid_request", /^name is missing/],
  ["an unknown member of Authflow's own form", { name: "a", redirect_uri: REDIRECT_URI, contacts: [] },
    "invalid_request", /^Unknown field contacts/],
];
for (const [what, body, error, description] of REFUSED) {
  await t.test(`${what} is refused`, async (t) => {
    t.match(await register(body), { status: 400, body: { error, error_description: description } });
  });
}

await t.test("an operator changes grants, keys and trust", async (t) => {
  const { body: { client_id: id } } = await register({ ...jwt, jwks: { keys: [PUBLIC_KEY] } });
  const patch = (payload: object) => app.call("PATCH", `/clients/${String(id)}`, { headers: OPERATOR, payload });
  const grants = async (payload: object) => (await patch(payload)).body.grant_types;
  t.strictSame(await grants({ grant_types: ["client_credentials", "authorization_code"] }),
    ["authorization_code", "client_credentials"]);
  t.strictSame(await grants({ permissions: ["introspect:own"] }), ["client_credentials"], "without login no codes");
  t.strictSame(await grants({ permissions: ["login"] }), ["authorization_code", "refresh_token", "client_credentials"]);
  t.strictSame(await grants({ response_types: ["token"] }), ["client_credentials"]);
  t.match(await patch({ grant_types: ["authorization_code"] }), { status: 400, body: { error: "invalid_request" } });
  const moved = (await patch({ jwks_uri: "https://client.example.org/jwks.json" })).body;
  t.strictSame([moved.jwks_uri, moved.jwks], ["https://client.example.org/jwks.json", undefined]);
  const back = (await patch({ jwks: { keys: [PUBLIC_KEY] } })).body;
  t.strictSame([back.jwks_uri, back.jwks], [undefined, { keys: [PUBLIC_KEY] }]);
  t.match(await patch({ jwks: null }), { status: 400, body: { error_description: /^jwks or jwks_uri is missing/ } });
  t.match(await patch({ jwks: { keys: [PRIVATE_KEY] } }), { status: 400 });
  t.match(await patch({ self_registered: true }), { body: { self_registered: true } });
  t.match(await patch({ self_registered: false }), { body: { self_registered: false } });
  t.match(await patch({ disabled: true }), { status: 200, body: { jwks: { keys: [PUBLIC_KEY] } } }, "and nothing else");
  t.match(await app.call("POST", `/clients/${String(id)}/rotate-secret`, { headers: OPERATOR, payload: {} }),
    { status: 400, body: { error_description: /by its keys/ } });
});

await t.test("a client registered itself if nobody vouches for it: it gets what the deployment allows", async (t) => {
  const open = await testApp(t, {
    AUTHFLOW_SELF_REGISTERED_SCOPES: "mcp:tools, mcp:resources", AUTHFLOW_REGISTRATION: "open",
  });
  const from = async (remoteAddress: string) =>
    (await open.call("POST", "/clients", { remoteAddress, payload: { client_name: "a", redirect_uris } })).body;
  const [stranger, local] = [await from("203.0.113.9"), await from("127.0.0.1")];
  const scope = `${STANDARD_SCOPES} mcp:tools mcp:resources`;
  t.strictSame([stranger.scope, local.scope], [scope, scope], "what strangers may request, own clients may too");
  const read = async ({ client_id: id }: Record<string, unknown>) =>
    (await open.call("GET", `/clients/${String(id)}`, { headers: OPERATOR })).body.self_registered;
  t.strictSame([await read(stranger), await read(local)], [true, false]);
});
