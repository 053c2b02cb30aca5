import t from "../../support/tap.js";
import { invalidInput } from "../../../plugins/http/invalid-input.js";
import { schemaValidator } from "../../../plugins/http/validation.js";
import { basic, bearer, OPERATOR, REDIRECT_URI, someClaims, testApp } from "../../support/app.js";
import { lastingMint, postForm } from "../../support/refresh.js";

/** What beginners get wrong. The message names the field and what to do: nobody has to look it up. */
const app = await testApp(t, { GITHUB_CLIENT_ID: "id", GITHUB_CLIENT_SECRET: "secret" });
const client = await app.register();
const spa = await app.register({ token_endpoint_auth_method: "none" });
const JSON_TYPE = { "content-type": "application/json" };
const described = async (answer: ReturnType<typeof app.call>): Promise<string> =>
  String((await answer).body.error_description);

const BODIES: [path: string, body: object, description: string][] = [
  ["/mint", { claims: { email: "a@b.example" } }, "claims.email is a reserved name: use the field email"],
  ["/mint", { claims: { scope: "a" } }, "claims.scope is a reserved name: use the field scope"],
  ["/mint", { claims: { sid: "a" } }, "claims.sid is a reserved name: use the field sid"],
  ["/mint", { claims: { aud: "a" } }, "claims.aud is a reserved name: use the field audience"],
  ["/mint", { claims: { exp: 1 } }, "claims.exp is a reserved name: use the field expires_in"],
  ["/mint", { claims: { iss: "a" } }, "claims.iss is a reserved name: only Authflow sets it, so leave it out"],
  ["/mint", { claims: { picture: "a" } }, "claims.picture is a reserved name: only Authflow sets it, so leave it out"],
  ["/mint", { claims: { nbf: 1 } }, "claims.nbf is a reserved name: verifiers would believe it, so leave it out"],
  ["/mint", { claims: { EXP: 1 } }, "claims.EXP may be read as the reserved name exp: use the field expires_in"],
  ["/mint", { aud: "a" }, "Unknown field aud: did you mean audience?"],
  ["/mint", { exp: 900 }, "Unknown field exp: did you mean expires_in?"],
  ["/mint", { expiresIn: 900 }, "Unknown field expiresIn: did you mean expires_in?"],
  ["/mint", { nmae: "a" }, "Unknown field nmae: did you mean name?"],
  ["/mint", { roles: [] }, "Unknown field roles: put claims of your own into claims, or remove it"],
  ["/mint", { iss: "a" }, "Unknown field iss: only Authflow sets it, so leave it out"],
  ["/mint", { constructor: "a" }, "Unknown field constructor: put claims of your own into claims, or remove it"],
  ["/mint", { sub: 7 }, "sub must be a text, in double quotes"],
  ["/mint", { expires_in: "900" }, "expires_in must be a whole number of seconds, such as 900"],
  ["/mint", { auth_time: "now" }, "auth_time must be a whole number of seconds, such as 1795485600"],
  ["/mint", { claims: "a" }, 'claims must be an object, such as {"roles":["editor"]}'],
  ["/mint", { amr: "pwd" }, 'amr must be a list, such as ["pwd","otp"]'],
  ["/mint", { amr: [] }, "amr is not valid: How the user was authenticated, such as pwd and otp (RFC 8176): 1 to 16 " +
    "different methods"],
  ["/mint", { refresh: "true" }, "refresh must be true or false, without quotes"],
  ["/clients", { redirect_uris: REDIRECT_URI },
    'redirect_uris must be a list, such as ["https://my-app.com/callback"]'],
  ["/clients", { redirect_url: REDIRECT_URI }, "Unknown field redirect_url: did you mean redirect_uri?"],
  ["/clients", { contacts: [] }, "Unknown field contacts: remove it or check its spelling"],
  ["/clients", { permissions: "mint" }, 'permissions must be a list, such as ["mint"]'],
  ["/clients", { permissions: ["mint", "feeds"] }, 'permissions: "feeds" is not one of mint, login, introspect:own, ' +
    "introspect:any, feed, revoke:own, revoke:any, authenticate"],
  ["/clients", { token_endpoint_auth_method: "basic" }, 'token_endpoint_auth_method: "basic" is not one of ' +
    "client_secret_basic, client_secret_post, private_key_jwt, none"],
];
for (const [path, body, description] of BODIES) {
  await t.test(`${path} with ${JSON.stringify(body)}: ${description}`, async (t) => {
    const usual = path === "/mint" ? { sub: "alice" } : { name: "a", redirect_uri: REDIRECT_URI };
    const headers = path === "/mint" ? basic(client) : OPERATOR;
    t.match(await app.call("POST", path, { headers, payload: { ...usual, ...body } }),
      { status: 400, body: { error: "invalid_request", error_description: description } });
    t.equal(await described(app.call("POST", path, { headers, payload: { ...usual, ...body } })), description);
  });
}

await t.test("a body that is not JSON is told where it stops being JSON, and nothing of it is repeated", async (t) => {
  const rule = "names and texts stand in double quotes, and no comma stands before } or ]";
  const mint = (payload: string) =>
    described(app.call("POST", "/mint", { headers: { ...basic(client), ...JSON_TYPE }, payload }));
  t.equal(await mint("{'sub': 'alice'}"), `The request body is not valid JSON at character 2: ${rule}`);
  t.equal(await mint('{"sub": "alice",}'), `The request body is not valid JSON at character 17: ${rule}`);
  t.equal(await mint("sub=alice"), `The request body is not valid JSON: ${rule}`);
  t.equal(await mint('{"sub": "alice", "__proto__": {}}'),
    "The request body must not have a member named __proto__ or constructor");
});

await t.test("a token of another kind, or sent in another way, is told what to send", async (t) => {
  const { refresh } = await lastingMint(app, client);
  const { jti: _jti, client_id: _id, ...claims } = someClaims({ aud: client.client_id, azp: client.client_id });
  const cases: [authorization: string, description: string][] = [
    [bearer(await app.sign(claims)).authorization, "This is an ID token: send the access_token"],
    [bearer(refresh).authorization,
      "This is a refresh token: exchange it at POST /token, and send the access_token"],
    [bearer("abc").authorization,
      "The token is not a valid token of this issuer: send the access_token, unchanged"],
    ["abc", "Send the token as Authorization: Bearer <token>"],
    [`Token ${refresh}`, "Send the token as Authorization: Bearer <token>"],
    ["Bearer", "Send the token as Authorization: Bearer <token>"],
  ];
  for (const [authorization, description] of cases) {
    for (const [method, path] of [["GET", "/userinfo"], ["POST", "/userinfo"], ["POST", "/logout"]] as const) {
      t.match(await app.call(method, path, { headers: { authorization } }),
        { status: 401, body: { error: "invalid_token", error_description: description } }, `${path} ${authorization}`);
    }
  }
  for (const authorization of ["abc", "Bearer"]) {
    t.match(await app.call("GET", "/clients", { headers: { authorization } }), { status: 401,
      body: { error: "invalid_token", error_description: "Send the token as Authorization: Bearer <token>" } });
  }
});

await t.test("a client that authenticates wrongly is told what is missing, and nothing of other clients", async (t) => {
  const unknown = "01985d2c-0000-7000-8000-000000000000";
  const form = { grant_type: "client_credentials" };
  for (const client_id of [client.client_id, unknown]) {
    t.match(await postForm(app, "/token", { ...form, client_id }), { status: 401, body: { error: "invalid_client",
      error_description: "Client authentication failed: client_secret is missing, or client_id is not that of a " +
        "public client" } });
  }
  const withoutSecret = "client_secret is missing (or authenticate by HTTP Basic): a public client, which has none, " +
    "can't use this endpoint";
  for (const client_id of [spa.client_id, client.client_id, unknown]) {
    t.equal(await described(app.call("POST", "/mint", { payload: { client_id, sub: "a" } })), withoutSecret);
    t.equal(await described(postForm(app, "/introspect", { client_id, token: "a" })), withoutSecret);
  }
  const access = bearer(await app.mint({}, client));
  for (const headers of [access, { authorization: "abc" }]) {
    t.match(await postForm(app, "/introspect", { token: "a" }, headers), { status: 401, body: {
      error: "invalid_client", error_description: "Authenticate by HTTP Basic with client_id and client_secret" } });
  }
  t.match(await postForm(app, "/introspect", { token: "a" }, { authorization: "Basic bm8gY29sb24=" }),
    { status: 401, body: { error: "invalid_client",
      error_description: "HTTP Basic must hold client_id, a colon and client_secret, in base64" } });
});

await t.test("a missing parameter of a grant is told what to send", async (t) => {
  const token = (grant_type: string, more = {}) =>
    described(postForm(app, "/token", { grant_type, ...more }, basic(client)));
  t.equal(await token("authorization_code", { code: "x" }),
    "redirect_uri is missing: send the same as in the login's request, at /authorize or /auth");
  t.equal(await token("refresh_token"),
    "refresh_token is missing: send the newest refresh token; each answer has the next one");
});

await t.test("a command in a message can be pasted, and changes nothing else", async (t) => {
  const { client_id } = client;
  const set = (policy: object) =>
    app.call("PATCH", `/clients/${client_id}`, { headers: OPERATOR, payload: { policy } });
  const ask = (more: Record<string, string>) =>
    described(postForm(app, "/token", { grant_type: "client_credentials", ...more }, basic(client)));
  await set({ scopes: ["orders"], audiences: ["https://a.example"] });
  t.match(await ask({ scope: "orders refunds" }),
    `(authflow clients policy ${client_id} --set '{"scopes":["orders","refunds"]}')`);
  t.match(await ask({ scope: "a';reboot;'" }),
    `(authflow clients policy ${client_id} --set '{"scopes":["orders","a'\\'';reboot;'\\''"]}')`);
  t.match(await ask({ resource: "https://b.example" }),
    `(authflow clients policy ${client_id} --set '{"audiences":["https://a.example","https://b.example"]}')`);
  await set({ audience_scopes: { "https://a.example": [], "https://c.example": ["x"] } });
  t.match(await ask({ scope: "orders", resource: "https://a.example" }),
    `(authflow clients policy ${client_id} --set '{"audience_scopes":` +
      `{"https://a.example":["orders"],"https://c.example":["x"]}}')`);

  const poor = await app.register({ permissions: ["login", "revoke:own"] });
  t.match(await described(postForm(app, "/introspect", { token: "a" }, basic(poor))),
    `(authflow clients permissions ${poor.client_id} login introspect:own revoke:own)`);
  t.match(await described(postForm(app, "/token", { grant_type: "client_credentials" }, basic(poor))),
    `(authflow clients grant-types ${poor.client_id} authorization_code refresh_token client_credentials)`);
});

await t.test("a login without a provider says what to set, and a policy that leaves none says that", async (t) => {
  const authorize = async (one: typeof app, { client_id }: { client_id: string }) => {
    const query = new URLSearchParams({ client_id, redirect_uri: REDIRECT_URI, response_type: "code" });
    const { headers } = await one.call("GET", `/authorize?${query.toString()}`);
    return new URL(headers.location as string).searchParams;
  };
  const bare = await testApp(t);
  const none = await authorize(bare, await bare.register());
  t.equal(none.get("error"), "server_error");
  t.match(none.get("error_description"), /^No provider is switched on: set AUTHFLOW_LOGIN_URL, /);
  t.match(await described(bare.call("GET", "/auth/google")), "No provider is switched on: set AUTHFLOW_LOGIN_URL, ");
  t.equal(await described(app.call("GET", "/auth/google")),
    "There is no provider with this name, or it is not switched on: GET /auth lists those that are");
  const machine = await app.register({ grant_types: ["client_credentials"] });
  t.equal((await authorize(app, machine)).get("error_description"), "This client may not use grant_type " +
    "authorization_code: an operator can add it to its grant_types (authflow clients grant-types " +
    `${machine.client_id} client_credentials authorization_code)`);
  const bound = await app.register();
  await app.call("PATCH", `/clients/${bound.client_id}`,
    { headers: OPERATOR, payload: { policy: { providers: ["google"] } } });
  t.equal((await authorize(app, bound)).get("error_description"), "The client's policy allows no provider that is " +
    "switched on: add one of github to its member providers");
});

await t.test("whatever is wrong with a field, its error names it in plain words", async (t) => {
  type Schema = { properties?: Record<string, Schema> };
  const schemas = app.fastify.getSchemas() as Record<string, Schema>;
  const values = [7, -1, 1.5, 1e12, true, null, "", "x", "x".repeat(20_000), [], [7], [""], ["x", "x"],
    Array.from({ length: 200 }, String), ["x".repeat(5000)], {}, { a: 7 }, { a: ["\n"] }];
  const ofAjv = /must NOT|must match|must be (string|integer|boolean|array|object|null|number|equal)|undefined/;
  let refused = 0;
  for (const id of ["MintRequest", "LoginAcceptance", "LoginRejection", "RegistrationRequest", "ClientPatch",
    "RotateSecretRequest", "TokenRequest", "IntrospectionRequest", "RevokeRequest", "PushedAuthorizationRequest"]) {
    const isForm = /^(Token|Introspection|Revoke|Pushed)/.test(id);
    const validate = schemaValidator(schemas)({ $ref: `${id}#` }, true);
    const { policy, ...properties } = schemas[id]?.properties ?? {};
    const bodies = [
      ...Object.keys(properties).map((name) => [name, (value: unknown) => ({ sub: "a", [name]: value })] as const),
      ...Object.keys(policy?.properties ?? {}).map((name) =>
        [`policy.${name}`, (value: unknown) => ({ policy: { [name]: value } })] as const),
    ];
    for (const [field, body] of bodies) {
      for (const value of values) {
        const faults = validate(body(value));
        if (faults === undefined) continue;
        const { message } = invalidInput(faults, isForm ? "form" : "body");
        if (/ is missing$|^Unknown field sub/.test(message)) continue; // another field, which this test leaves out
        refused++;
        if (!message.startsWith(field) || ofAjv.test(message) || message.length > 500)
          t.fail(`${id} with ${field} ${JSON.stringify(value).slice(0, 40)}: ${message}`);
      }
    }
  }
  t.ok(refused > 500, `${refused} were refused`);
});
