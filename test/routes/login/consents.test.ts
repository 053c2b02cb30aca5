import t from "../../support/tap.js";
import { basic, bearer, type Credentials, decode, onEveryBackend, OPERATOR, REDIRECT_URI } from "../../support/app.js";
import { authorizeFixture } from "../../support/authorize.js";
import { delivered } from "../../support/login.js";
import { UserAgent } from "../../support/user-agent.js";

await onEveryBackend(t, async (t, env) => {
  const { app, client: firstParty, authorizeUrl, authorize, redeem, exchange } = await authorizeFixture(t, env);
  const selfRegistered = async (name: string): Promise<Credentials> => {
    const client = await app.register({
      name, redirect_uri: REDIRECT_URI, grant_types: ["authorization_code", "refresh_token"],
    });
    await app.fastify.clients.update(client.client_id, { isSelfRegistered: true });
    return client;
  };
  const tool = await selfRegistered("Tool");
  const other = await selfRegistered("Other tool");
  /** The access token and the refresh token of a login at a client that asks for consent. */
  const allow = async (user: string, client: Credentials) => {
    const agent = new UserAgent(app);
    const page = await authorize(user, { scope: "openid email offline_access" }, agent, client);
    const { body } = await redeem(await agent.submit(page, { decision: "allow" }), {}, client);
    return { agent, access: body.access_token as string, refresh: body.refresh_token as string };
  };
  const accessOf = async (user: string): Promise<string> =>
    (await redeem(await authorize(user))).body.access_token as string;
  const list = async (token: string) => (await app.call("GET", "/consents", { headers: bearer(token) })).body;
  const withdraw = (token: string, { client_id }: Credentials) =>
    app.call("DELETE", `/consents/${client_id}`, { headers: bearer(token) });
  const refreshOf = (refresh_token: string, client: Credentials) =>
    exchange({ grant_type: "refresh_token", refresh_token, code: undefined, redirect_uri: undefined }, basic(client));

  await t.test("a user sees to whom access was allowed, and takes it back", async (t) => {
    const alice = await allow("alice", tool);
    const atOther = await allow("alice", other);
    const bob = await allow("bob", tool);
    const own = await accessOf("alice");
    t.match(await list(own), {
      consents: [
        {
          client_id: tool.client_id, client_name: "Tool", scope: "openid email offline_access", resources: [],
          granted_at: /Z$/,
        },
        { client_id: other.client_id, client_name: "Other tool" },
      ],
    });
    t.match(await withdraw(own, tool), { status: 204, text: "" });
    t.equal((await app.userinfo(alice.access)).status, 401, "its access tokens end");
    t.match(await refreshOf(alice.refresh, tool), { status: 400, body: { error: "invalid_grant" } });
    t.equal((await app.userinfo(own)).status, 200, "nobody else's");
    t.equal((await app.userinfo(atOther.access)).status, 200);
    t.equal((await app.userinfo(bob.access)).status, 200);
    t.equal((await refreshOf(bob.refresh, tool)).status, 200);
    t.match(await list(own), { consents: [{ client_id: other.client_id }] });
    const { consents } = await list(own) as { consents: unknown[] };
    t.equal(consents.length, 1);
    t.match((await alice.agent.open(authorizeUrl({ scope: "openid" }, tool))).text, /Allow Tool\?/, "it asks again");
    t.equal((await withdraw(own, tool)).status, 204, "repeating it is no error");
  });

  await t.test("what a client may do at one service, it may do at no other", async (t) => {
    const [mail, files] = ["https://mail.example.com/", "https://files.example.com/"];
    const payload = { policy: { audiences: [mail, files], scopes: ["read", "write"] } };
    t.equal((await app.call("PATCH", `/clients/${tool.client_id}`, { headers: OPERATOR, payload })).status, 200);
    const agent = new UserAgent(app);
    const open = (scope: string, ...resources: string[]) => agent.open(resources.reduce(
      (url, one) => `${url}&resource=${encodeURIComponent(one)}`, authorizeUrl({ scope }, tool)));
    const question = /Allow Tool\?/;
    const page = await authorize("mallory", { scope: "read", resource: mail }, agent, tool);
    t.match(page.text, question);
    const { body } = await redeem(await agent.submit(page, { decision: "allow" }), {}, tool);
    t.match(decode(body.access_token as string), { aud: mail, scope: "read" });
    t.match(delivered(await open("read", mail)), { code: String }, "it is remembered");
    const others: [string, ...string[]][] = [["read", files], ["read", mail, files], ["read"], ["read write", mail]];
    for (const asked of others)
      t.match((await open(...asked)).text, question, asked.join(" "));
    t.match(delivered(await open("read", files, mail).then((both) => agent.submit(both, { decision: "allow" }))),
      { code: String });
    for (const asked of [["read", files], ["read", mail], ["read", mail, files]] as [string, ...string[]][])
      t.match(delivered(await open(...asked)), { code: String }, asked.join(" "));
    t.match(delivered(await agent.submit(await open("write", files), { decision: "allow" })), { code: String });
    t.match((await open("write", mail)).text, question);
    t.match((await open("read")).text, question, "nor without naming one");
    const own = await accessOf("mallory");
    t.strictSame(await list(own), {
      consents: [{
        client_id: tool.client_id, client_name: "Tool", scope: "read write",
        resources: [{ resource: files, scope: "read write" }, { resource: mail, scope: "read" }],
        granted_at: ((await list(own)).consents as { granted_at: string }[])[0]?.granted_at,
      }],
    });
    t.equal((await withdraw(own, tool)).status, 204);
    for (const resource of [mail, files]) t.match((await open("read", resource)).text, question, "all is withdrawn");
    t.strictSame(await list(await accessOf("mallory")), { consents: [] });
  });

  await t.test("a client that registered itself sees and withdraws its own consent only", async (t) => {
    const carol = await allow("carol", tool);
    await allow("carol", other);
    t.match(await list(carol.access), { consents: [{ client_id: tool.client_id }] });
    const { consents } = await list(carol.access) as { consents: unknown[] };
    t.equal(consents.length, 1);
    t.match(await withdraw(carol.access, other), { status: 403, body: { error: "access_denied" } });
    t.equal((await app.userinfo(carol.access)).status, 200);
    t.equal((await withdraw(carol.access, tool)).status, 204);
    t.equal((await app.call("GET", "/consents", { headers: bearer(carol.access) })).status, 401);
  });

  await t.test("only a live token of the user will do, whatever the case of the client_id", async (t) => {
    const dave = await allow("dave", tool);
    t.strictSame(await list(await accessOf("erin")), { consents: [] });
    t.equal((await withdraw(await accessOf("erin"), tool)).status, 204);
    t.equal((await app.userinfo(dave.access)).status, 200, "another user's consent stays");
    const own = await accessOf("dave");
    await app.logout(own);
    t.equal((await withdraw(own, tool)).status, 401);
    t.equal((await app.call("GET", "/consents")).status, 401);
    t.equal((await app.call("GET", "/consents", { headers: basic(firstParty) })).status, 401);
    t.match(await app.call("DELETE", "/consents/nobody", { headers: bearer(await accessOf("dave")) }),
      { status: 400, body: { error: "invalid_request" } });
    t.equal((await withdraw(await accessOf("dave"), { ...tool, client_id: tool.client_id.toUpperCase() })).status, 204);
    t.equal((await app.userinfo(dave.access)).status, 401);
    t.match(decode(dave.access), { sub: "corp|dave" });
  });
});

await t.test("a page may call both, and one client's cut-offs are limited", async (t) => {
  const { app, authorize, redeem, client } = await authorizeFixture(t, { AUTHFLOW_RATE_LIMIT_CUTOFFS: "1" });
  const { body } = await redeem(await authorize("alice"));
  const headers = { ...bearer(body.access_token as string), origin: "https://app.example.com" };
  const url = `/consents/${client.client_id}`;
  t.equal((await app.call("GET", "/consents", { headers })).headers["access-control-allow-origin"], "*");
  const preflight = await app.call("OPTIONS", url, {
    headers: { origin: "https://app.example.com", "access-control-request-method": "DELETE" },
  });
  t.match(preflight.headers, { "access-control-allow-origin": "*", "access-control-allow-methods": /DELETE/ });
  const elsewhere = `/consents/${(await app.register()).client_id}`;
  t.equal((await app.call("DELETE", elsewhere, { headers })).status, 204);
  t.match(await app.call("DELETE", elsewhere, { headers }), { status: 429, headers: { "retry-after": String } });
});
