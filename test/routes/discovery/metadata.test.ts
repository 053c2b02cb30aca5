import { randomUUID } from "node:crypto";
import t from "../../support/tap.js";
import { basic, type Credentials, decode, onEveryBackend, OPERATOR } from "../../support/app.js";
import { authorizeFixture } from "../../support/authorize.js";
import { delivered, VERIFIER } from "../../support/login.js";
import { postForm } from "../../support/refresh.js";
import { UserAgent } from "../../support/user-agent.js";

type Metadata = Record<string, unknown>;
const listed = (metadata: Metadata, name: string): string[] => metadata[name] as string[];

await onEveryBackend(t, async (t, env) => {
  const { app, client, authorize, authorizeUrl, redeem } = await authorizeFixture(t, env);
  const metadata = (await app.call("GET", "/.well-known/openid-configuration")).body;
  const pathOf = (member: string): string => new URL(metadata[member] as string).pathname;

  await t.test("it stands in two places, for every page and cache", async (t) => {
    for (const name of ["openid-configuration", "oauth-authorization-server"]) {
      const answer = await app.call("GET", `/.well-known/${name}`);
      t.strictSame(answer.body, metadata);
      t.match(answer.headers, { "access-control-allow-origin": "*", "cache-control": /^public, max-age=\d+$/ });
      t.equal((await app.call("GET", `/.well-known/${name}/elsewhere`)).status, 404);
      t.equal((await app.call("HEAD", `/.well-known/${name}`)).status, 200);
    }
  });

  await t.test("every endpoint exists", async (t) => {
    for (const member of Object.keys(metadata).filter((name) => /_endpoint$|jwks_uri/.test(name))) {
      const { headers } = await app.call("OPTIONS", pathOf(member));
      t.match(headers.allow, /GET|POST/, member);
    }
  });

  await t.test("every grant type works, and no other", async (t) => {
    const all = await app.register();
    const grants = [...listed(metadata, "grant_types_supported")];
    await app.call("PATCH", `/clients/${all.client_id}`, { headers: OPERATOR, payload: { grant_types: grants } });
    const first = await redeem(await authorize("alice", {}, new UserAgent(app), all), {}, all);
    const given: Record<string, () => Promise<{ status: number }>> = {
      authorization_code: async () => first,
      refresh_token: () => postForm(app, "/token",
        { grant_type: "refresh_token", refresh_token: first.body.refresh_token as string }, basic(all)),
      client_credentials: () => postForm(app, "/token", { grant_type: "client_credentials" }, basic(all)),
    };
    t.strictSame(grants.sort(), Object.keys(given).sort(), "this test knows all of them");
    for (const [name, use] of Object.entries(given)) t.equal((await use()).status, 200, name);
    for (const other of ["password", "implicit", "urn:ietf:params:oauth:grant-type:device_code", "__proto__"]) {
      t.match(await postForm(app, "/token", { grant_type: other }, basic(all)),
        { status: 400, body: { error: "unsupported_grant_type" } }, other);
    }
  });

  await t.test("every response mode and type works, and no other", async (t) => {
    const agent = new UserAgent(app);
    await authorize("alice", {}, agent);
    const shapes: Record<string, RegExp> = { query: /\?code=/, fragment: /#code=/, form_post: /name="code"/ };
    const modes = listed(metadata, "response_modes_supported");
    t.strictSame([...modes].sort(), Object.keys(shapes).sort());
    for (const mode of modes) {
      const { url, text } = await agent.open(authorizeUrl({ response_mode: mode }));
      t.match(url.href + text, shapes[mode], mode);
    }
    const refused = async (query: Record<string, string>) => delivered(await agent.open(authorizeUrl(query))).error;
    t.equal(await refused({ response_mode: "jwt" }), "invalid_request");
    for (const type of ["token", "id_token", "code id_token", "none"])
      t.equal(await refused({ response_type: type }), "unsupported_response_type", type);
    t.strictSame(listed(metadata, "response_types_supported"), ["code"]);
    t.equal(metadata.request_parameter_supported, false);
    t.equal(await refused({ request: "a.b.c" }), "request_not_supported");
    t.equal(metadata.request_uri_parameter_supported, false);
    t.equal(await refused({ request_uri: "https://a.example" }), "request_uri_not_supported");
    t.strictSame(listed(metadata, "code_challenge_methods_supported"), ["S256"]);
    t.equal(await refused({ code_challenge: VERIFIER, code_challenge_method: "plain" }), "invalid_request");
  });

  await t.test("every prompt and scope is understood, and no other", async (t) => {
    const agent = new UserAgent(app);
    await authorize("alice", {}, agent);
    for (const prompt of listed(metadata, "prompt_values_supported")) {
      const answer = await agent.once(new URL(authorizeUrl({ prompt })));
      t.notMatch(answer.headers.get("location"), /error=/, prompt);
    }
    t.match(delivered(await agent.open(authorizeUrl({ prompt: "create" }))), { error: "invalid_request" });
    const scope = listed(metadata, "scopes_supported").join(" ");
    t.equal((await redeem(await agent.open(authorizeUrl({ scope })))).body.scope, scope);
  });

  await t.test("issuer, iss and algorithm are those of the tokens", async (t) => {
    const visited = await authorize("alice");
    t.equal(delivered(visited).iss, metadata.issuer);
    const { body } = await redeem(visited);
    for (const token of [body.access_token, body.id_token] as string[]) {
      t.equal(decode(token).iss, metadata.issuer);
      t.ok(listed(metadata, "id_token_signing_alg_values_supported").includes(decode(token, 0).alg as string));
    }
    const known = new Set(listed(metadata, "claims_supported"));
    const { at_hash: _hash, ...claims } = decode(body.id_token as string);
    for (const name of Object.keys(claims)) t.ok(known.has(name), name);
  });

  await t.test("secrets work at each endpoint in both ways, and a public client's name where it says so", async (t) => {
    const endpoints: Record<string, Record<string, string>> = {
      token: { grant_type: "client_credentials" }, revocation: { token: randomUUID() },
      introspection: { token: randomUUID() },
    };
    const publicClient = (await app.call("POST", "/clients", {
      headers: OPERATOR,
      payload: { name: "page", redirect_uri: "https://app.example.com/callback", token_endpoint_auth_method: "none" },
    })).body as unknown as Credentials;
    for (const [name, form] of Object.entries(endpoints)) {
      const methods = listed(metadata, `${name}_endpoint_auth_methods_supported`);
      const path = pathOf(`${name}_endpoint`);
      const isKnown = ({ status, body }: { status: number; body: Metadata }) =>
        status === 200 || body.error === "unauthorized_client";
      t.ok(methods.includes("client_secret_basic") && methods.includes("client_secret_post"));
      t.ok(isKnown(await postForm(app, path, form, basic(client))), `${name}: basic`);
      t.ok(isKnown(await postForm(app, path, { ...form, ...client })), `${name}: post`);
      t.equal(isKnown(await postForm(app, path, { ...form, client_id: publicClient.client_id })),
        methods.includes("none"), `${name}: none`);
      t.equal(isKnown(await postForm(app, path, form, basic({ ...client, client_secret: "wrong" }))), false);
    }
  });
});

await t.test("a public URL with a path: metadata, pages, redirects and cookies", async (t) => {
  const { app } = await authorizeFixture(t, {
    AUTHFLOW_PUBLIC_URL: "https://id.example.com/tenant",
    AUTHFLOW_KEY_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString("base64"), AUTHFLOW_REGISTRATION: "closed",
  });
  const issuer = "https://id.example.com/tenant";
  for (const path of ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server/tenant",
    "/.well-known/openid-configuration/tenant"]) {
    const { statusCode: status, body: text } = await app.fastify.inject(path); // where an issuer has its own
    const body = JSON.parse(text) as Metadata;
    t.match({ status, body }, { status: 200, body: { issuer, authorization_endpoint: `${issuer}/authorize` } }, path);
    t.equal(body.registration_endpoint, undefined, "closed");
  }
  const client = await app.register();
  const query = new URLSearchParams({
    client_id: client.client_id, redirect_uri: "https://app.example.com/callback", response_type: "code",
    provider: "corp", scope: "openid",
  }).toString();
  const answer = await app.call("GET", `/authorize?${query}`);
  t.equal(answer.status, 302);
  t.equal(new URL(answer.headers.location ?? "").searchParams.get("redirect_uri"), `${issuer}/auth/corp/callback`);
  t.match(String(answer.headers["set-cookie"]),
    /^__Host-authflow-login-[^;]+; Max-Age=\d+; Path=\/; HttpOnly; Secure; SameSite=Lax/);
  const chosen = await app.call("GET", `/authorize?${query.replace("provider=corp", "")}`,
    { headers: { accept: "text/html" } });
  t.match(chosen.text, new RegExp(`href="${issuer}/authorize\\?`));
  const posted = await app.call("POST", "/authorize", {
    headers: { "content-type": "application/x-www-form-urlencoded" }, payload: query,
  });
  t.match(posted, { status: 303, headers: { location: new RegExp(`^${issuer}/authorize\\?`) } });
});
