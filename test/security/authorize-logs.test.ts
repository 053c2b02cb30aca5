import t from "../support/tap.js";
import { basic, onEveryBackend, OPERATOR } from "../support/app.js";
import { authorizeFixture } from "../support/authorize.js";
import { CHALLENGE, delivered, VERIFIER } from "../support/login.js";
import { postForm, refresh } from "../support/refresh.js";
import { UserAgent } from "../support/user-agent.js";

/** Texts of at least this length, so that no short value is found by chance. */
const LONG = 16;

await onEveryBackend(t, async (t, env) => {
  const { app, client, authorize, authorizeUrl, redeem } = await authorizeFixture(t, env);
  const secrets = new Set<string>([client.client_secret, VERIFIER, CHALLENGE]);
  const note = (...texts: unknown[]): void => {
    for (const text of texts) if (typeof text === "string" && text.length >= LONG) secrets.add(text);
  };
  const canary = (what: string): string => {
    const text = `canary-${what}-0123456789`;
    note(text);
    return text;
  };

  await t.test("requests of every outcome at the standard endpoints", async () => {
    const agent = new UserAgent(app);
    const hints = { state: canary("state"), nonce: canary("nonce"), login_hint: canary("hint") };
    const visited = await authorize("alice", hints, agent);
    note(delivered(visited).code);
    const { body } = await redeem(visited);
    note(body.access_token, body.id_token, body.refresh_token);
    await redeem(visited);
    await redeem(visited, { code: canary("code"), code_verifier: `${canary("verifier")}${"x".repeat(30)}` });
    note(...[...agent.cookies.get("localhost")?.values() ?? []]);
    for (const query of [{ prompt: "none" }, { id_token_hint: canary("id-token") }, { request: canary("request") },
      { request_uri: `urn:ietf:params:oauth:request_uri:${canary("uri")}` }, { client_id: canary("client-id") },
      { redirect_uri: `https://evil.example/${canary("redirect")}` }, { response_mode: "form_post" }])
      await agent.open(authorizeUrl({ ...hints, ...query }));
    await agent.open(`http://localhost:8080/authorize/consent?request=${canary("consent")}`);
    const form = Object.fromEntries(new URL(authorizeUrl(hints)).searchParams);
    note((await postForm(app, "/par", form, basic(client))).body.request_uri);
    await postForm(app, "/par", { ...form, scope: canary("scope") }, basic(client));
    await postForm(app, "/authorize", form);
    await postForm(app, "/token", {
      grant_type: "client_credentials", client_assertion: canary("assertion"),
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    });
    const { body: own } = await postForm(app, "/token", { grant_type: "client_credentials" }, basic(client));
    note(own.access_token);
    const again = await redeem(await agent.open(authorizeUrl({ prompt: "none" })));
    note(again.body.access_token, again.body.id_token, again.body.refresh_token);
    await refresh(app, client, canary("refresh"));
    for (const path of ["/introspect", "/revoke"])
      await postForm(app, path, { token: canary("token") }, basic(client));
    await app.userinfo(canary("bearer"));
    const own2 = await app.register({ name: "tool" });
    note(own2.client_secret);
    await app.fastify.database.clients.update(own2.client_id, Date.now(), () => ({ isSelfRegistered: true }));
    await app.fastify.clientCache.load(own2.client_id);
    const question = await authorize("alice", hints, new UserAgent(app), own2);
    note(question.url.searchParams.get("request"));
    await app.call("POST", "/revocations", { headers: OPERATOR, payload: { sub: "corp|alice" } });
  });

  await t.test("nothing that opens a door, or names a person, is in the log", async (t) => {
    const text = app.logs.join("");
    for (const path of ["/authorize", "/authorize/consent", "/par", "/token", "/introspect", "/revoke"])
      t.match(text, `"path":"${path}"`, "the log speaks of these requests");
    t.ok(secrets.size > 20);
    for (const secret of secrets) t.notOk(text.includes(secret), secret.slice(0, 24));
    t.notMatch(text, /alice@|@example\.com/);
  });
});
