import t from "../../support/tap.js";
import { basic, type Credentials, decode, manualClock, onEveryBackend, testApp } from "../../support/app.js";
import { lastingMint, postForm, refresh, startAuthorized, tokensOf } from "../../support/refresh.js";

await onEveryBackend(t, async (t, env) => {
  const { clock, advance } = manualClock();
  const app = await testApp(t, env, { clock, timing: { cutoffWait: 0 } });
  const [client, stranger] = [await app.register(), await app.register()];
  const spa = await app.register({ token_endpoint_auth_method: "none" });
  const revoke = (form: Record<string, string>, by: Credentials | undefined = client) =>
    postForm(app, "/revoke", form, by && basic(by));
  const isLive = async (token: string): Promise<boolean> => (await app.userinfo(token)).status === 200;

  await t.test("an access token is really revoked, and only this one", async (t) => {
    const { access, refresh: token } = await lastingMint(app, client);
    const answer = await revoke({ token: access });
    t.match(answer, { status: 200, text: "{}", headers: { "cache-control": "no-store" } });
    t.equal(await isLive(access), false);
    const { revoked } = await app.fastify.feed.page(1000);
    t.equal(revoked.filter(({ jti }) => jti === decode(access).jti).length, 1);
    t.equal((await revoke({ token: access })).status, 200, "a second time is no error (RFC 7009 §2.2)");
    t.equal((await refresh(app, client, token)).status, 200, "the login goes on");
  });

  await t.test("a refresh token ends with its login, whichever of its tokens comes, whatever the hint", async (t) => {
    for (const hint of ["refresh_token", "access_token", "id_token", "x"]) {
      const first = await lastingMint(app, client);
      const second = tokensOf(await refresh(app, client, first.refresh));
      const token = hint === "x" ? first.refresh : second.refresh;
      t.equal((await revoke({ token, token_type_hint: hint })).status, 200);
      t.strictSame([await isLive(first.access), await isLive(second.access)], [false, false]);
      t.match(await refresh(app, client, second.refresh), { status: 400, body: { error: "invalid_grant" } });
      t.equal((await revoke({ token })).status, 200);
      advance(1);
    }
  });

  await t.test("a public client revokes its own by its client_id, from a page too", async (t) => {
    const token = await startAuthorized(app, spa);
    const form = { client_id: spa.client_id, grant_type: "refresh_token", refresh_token: token };
    const { access, refresh: next } = tokensOf(await postForm(app, "/token", form));
    const answer = await postForm(app, "/revoke", { token: next, client_id: spa.client_id },
      { origin: "https://spa.example" });
    t.match(answer, { status: 200, headers: { "access-control-allow-origin": "*" } });
    t.equal(await isLive(access), false);
    const preflight = await app.call("OPTIONS", "/revoke", { headers: {
      "origin": "https://spa.example", "access-control-request-method": "POST",
    } });
    t.match(preflight, { status: 204, headers: { "access-control-allow-origin": "*" } });
  });

  await t.test("of another client's token, or of none, nothing happens, and it is not said", async (t) => {
    const { access, refresh: token } = await lastingMint(app, client);
    const texts = [access, token, "x", "\0", "a.b.c", `${access}x`, `authflow_refresh_${"A".repeat(64)}`,
      await app.sign({ ...decode(access), exp: 1 })];
    for (const text of texts) t.match(await revoke({ token: text }, stranger), { status: 200, text: "{}" });
    t.equal(await isLive(access), true);
    t.equal((await refresh(app, client, token)).status, 200);
  });

  await t.test("an ID token is refused by the error for it (RFC 7009 §2.2.1)", async (t) => {
    const { body } = await refresh(app, client, await startAuthorized(app, client));
    t.match(await revoke({ token: body.id_token as string }),
      { status: 400, body: { error: "unsupported_token_type", error_description: /send the access token/ } });
  });

  await t.test("who may call it, and how", async (t) => {
    const { access } = await lastingMint(app, client);
    const refused: [form: Record<string, string>, by: Credentials | undefined, status: number, error: string][] = [
      [{ token: access }, undefined, 400, "invalid_request"],
      [{ token: access }, { ...client, client_secret: "wrong" }, 401, "invalid_client"],
      [{ token: access, client_id: client.client_id }, undefined, 401, "invalid_client"],
      [{ token: access, ...client }, client, 400, "invalid_request"],
      [{}, client, 400, "invalid_request"], [{ token: "" }, client, 400, "invalid_request"],
    ];
    for (const [form, by, status, error] of refused) {
      const answer = by === undefined ? await postForm(app, "/revoke", form) : await revoke(form, by);
      t.match(answer, { status, body: { error } }, JSON.stringify(form));
    }
    t.match(await app.call("POST", "/revoke", { headers: basic(client), payload: { token: access } }), { status: 415 });
    t.equal(await isLive(access), true);
    t.equal((await postForm(app, "/revoke", { token: access, ...client })).status, 200);
    t.equal(await isLive(access), false);
  });
});

await t.test("how many logins one client may end in a minute is limited, as cut-offs are", async (t) => {
  const app = await testApp(t, { AUTHFLOW_RATE_LIMIT_CUTOFFS: "1" }, { timing: { cutoffWait: 0 } });
  const client = await app.register();
  const revoke = async () =>
    (await postForm(app, "/revoke", { token: (await lastingMint(app, client)).refresh }, basic(client))).status;
  t.strictSame([await revoke(), await revoke()], [200, 429]);
  t.equal((await postForm(app, "/revoke", { token: "x" }, basic(client))).status, 200, "this ends nothing");
});
