import t from "../../support/tap.js";
import { onEveryBackend, OPERATOR, testApp } from "../../support/app.js";

await onEveryBackend(t, async (t, env) => {
  const app = await testApp(t, env);
  const register = (payload: object | string) => app.call("POST", "/clients", { payload });

  await t.test("the reference's request gets the reference's answer", async (t) => {
    const { status, headers, body } = await register({ name: "my-app", redirect_uri: "https://my-app.com/callback" });
    t.equal(status, 201);
    t.equal(headers["cache-control"], "no-store");
    const { client_id: id, client_secret: secret, client_id_issued_at: issuedAt, ...rest } = body;
    t.ok(Math.abs(Number(issuedAt) - Date.now() / 1000) < 60);
    t.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    t.match(secret, /^authflow_secret_[A-Za-z0-9_-]{43}$/);
    t.strictSame(rest, {
      name: "my-app", client_name: "my-app", client_secret_expires_at: 0,
      redirect_uri: "https://my-app.com/callback", redirect_uris: ["https://my-app.com/callback"],
      token_endpoint_auth_method: "client_secret_basic", response_types: ["token", "code"],
      grant_types: ["authorization_code", "refresh_token", "client_credentials"],
      permissions: ["mint", "login", "introspect:own", "revoke:own"],
      scope: "openid profile email address phone offline_access",
    });
  });

  await t.test("several redirect URIs keep their order, and the first is redirect_uri", async (t) => {
    const uris = ["https://b.example/", "https://a.example/", "http://127.0.0.1/cb", "com.example.app:/cb"];
    const { status, body } = await register({ name: "Zürich 🚲", redirect_uris: uris });
    t.match({ status, body }, { status: 201, body: { name: "Zürich 🚲", redirect_uri: uris[0], redirect_uris: uris } });
    const read = await app.call("GET", `/clients/${body.client_id as string}`, { headers: OPERATOR });
    t.match(read.body, { name: "Zürich 🚲", redirect_uris: uris, disabled: false });
  });

  await t.test("clients registered at once are different clients", async (t) => {
    const clients = await Promise.all(Array.from({ length: 20 },
      () => register({ name: "same", redirect_uri: "https://a.example/" })));
    t.equal(new Set(clients.map(({ body }) => body.client_id)).size, 20);
    t.equal(new Set(clients.map(({ body }) => body.client_secret)).size, 20);
  });

  await t.test("a name and URIs at the bounds are kept whole", async (t) => {
    const redirect_uris = Array.from({ length: 20 }, (_, i) => `https://a.example/${String(i).padStart(2, "0")}`);
    redirect_uris[0] = `https://a.example/${"x".repeat(2048 - 18)}`;
    const { status, body } = await register({ name: "🚲".repeat(100), redirect_uris });
    t.match({ status, body }, { status: 201, body: { name: "🚲".repeat(100), redirect_uris } });
  });
});

await t.test("a public client gets no secret, and codes unless it asks for tokens", async (t) => {
  const app = await testApp(t);
  const register = async (more: object) => (await app.call("POST", "/clients",
    { payload: { name: "spa", redirect_uri: "https://a.example/", ...more } })).body;
  const spa = await register({ token_endpoint_auth_method: "none" });
  t.match(spa, { token_endpoint_auth_method: "none", response_types: ["code"] });
  t.notOk("client_secret" in spa);
  t.match(await register({ token_endpoint_auth_method: "none", response_types: ["token"] }),
    { response_types: ["token"] });
  t.match(await register({ response_types: ["code", "token"] }),
    { client_secret: String, response_types: ["code", "token"] });
  const read = await app.call("GET", `/clients/${spa.client_id as string}`, { headers: OPERATOR });
  t.match(read.body, { token_endpoint_auth_method: "none", response_types: ["code"] });
});

await t.test("what is not a registration is refused with the field's name", async (t) => {
  const app = await testApp(t);
  const uri = "https://a.example/";
  const refusals: [what: string, payload: object, description: RegExp, error?: string][] = [
    ["no name", { redirect_uri: uri }, /^name is missing$/],
    ["no URI", { name: "a" }, /^redirect_uri is missing: only a client without the permission login needs none$/],
    ["an empty list of URIs", { name: "a", redirect_uris: [] }, /redirect_uris/],
    ["both forms of URI that differ", { name: "a", redirect_uri: uri, redirect_uris: ["https://b.example/"] },
      /not both/],
    ["the same URI twice", { name: "a", redirect_uris: [uri, uri] }, /must not repeat/],
    ["an empty name", { name: "", redirect_uri: uri }, /name is not valid: 1 to 100/],
    ["a name of blanks", { name: "  ", redirect_uri: uri }, /^name must be printable/],
    ["a name of 101 characters", { name: "a".repeat(101), redirect_uri: uri }, /name is not valid: 1 to 100/],
    ["a name that breaks the line", { name: "a\nb", redirect_uri: uri }, /^name must be printable/],
    ["a name that reads backwards", { name: "a\u202Eb", redirect_uri: uri }, /^name must be printable/],
    ["a lone surrogate in the name", { name: "a\uD800b", redirect_uri: uri }, /^name must be printable/],
    ["a number as name", { name: 1, redirect_uri: uri }, /^name must be a text/],
    ["21 URIs", { name: "a", redirect_uris: Array.from({ length: 21 }, (_, i) => uri + i) },
      /^redirect_uris is not valid: 1 to 20 redirect URIs$/],
    ["a URI of 2049 characters", { name: "a", redirect_uri: uri.padEnd(2049, "x") },
      /redirect_uri is not valid: .*2048/],
    ["an unknown authentication method",
      { name: "a", redirect_uri: uri, token_endpoint_auth_method: "tls_client_auth" },
      /^token_endpoint_auth_method: ".*" is not one of client_secret_basic/],
    ["an unknown response type", { name: "a", redirect_uri: uri, response_types: ["id_token"] },
      /^response_types: "id_token" is not one of token, code$/],
    ["no response type at all", { name: "a", redirect_uri: uri, response_types: [] },
      /^response_types must not be an empty list$/],
    ["a response type twice", { name: "a", redirect_uri: uri, response_types: ["code", "code"] },
      /^response_types is not valid: The response types/],
    ["a secret of the caller's choice", { name: "a", redirect_uri: uri, client_secret: "mine" },
      /^Unknown field client_secret/],
    ["a policy of the caller's choice", { name: "a", redirect_uri: uri, policy: {} }, /^Unknown field policy/],
  ];
  for (const [what, payload, description, error = "invalid_request"] of refusals) {
    await t.test(what, async (t) => {
      const { status, body } = await app.call("POST", "/clients", { payload });
      t.match({ status, body }, { status: 400, body: { error, error_description: description } });
    });
  }
  t.match((await app.call("GET", "/clients", { headers: OPERATOR })).body, { clients: [], next_cursor: null },
    "nothing was registered");
});
