import t from "../../support/tap.js";
import { parseRefreshToken } from "../../../src/sessions/refresh-token-text.js";
import { digest } from "../../../src/shared/digest.js";
import { onEveryBackend } from "../../support/app.js";
import { authorizeFixture } from "../../support/authorize.js";
import { delivered } from "../../support/login.js";
import { UserAgent } from "../../support/user-agent.js";

await onEveryBackend(t, async (t, env) => {
  const { app, client, authorizeUrl, authorize, redeem, exchange } = await authorizeFixture(t, env);
  const { database, lastingLogins, logFollower, revocations } = app.fastify;

  /** A login of `user`, and whether the rows that let it last are still there. */
  const lasting = async (user: string) => {
    const agent = new UserAgent(app);
    const { body } = await redeem(await authorize(user, {}, agent));
    const token = body.refresh_token as string;
    const cookie = agent.cookies.get("localhost")?.get("authflow-session") ?? "";
    const rows = async () => [
      await database.sessions.find(digest(cookie)) !== null,
      (await database.refreshTokens.findAll([parseRefreshToken(token)?.id ?? ""])).length > 0,
    ];
    t.strictSame(await rows(), [true, true]);
    return { agent, token, rows };
  };

  await t.test("a log-out-everywhere deletes sessions and refresh tokens", async (t) => {
    const { agent, token, rows } = await lasting("bob");
    await revocations.revokeAsOperator({ sub: "corp|bob" });
    t.strictSame(await rows(), [false, false]);
    t.match(delivered(await agent.open(authorizeUrl({ prompt: "none" }))), { error: "login_required" });
    t.match(await exchange({ grant_type: "refresh_token", refresh_token: token, ...client }),
      { status: 400, body: { error: "invalid_grant" } });
  });

  await t.test("what a process left behind that stopped after it recorded a cut-off is deleted later", async (t) => {
    const { rows } = await lasting("alice");
    const issuedBefore = app.fastify.clock() + 1000;
    const entry = { scope: "sub", value: "corp|alice", issuedBefore, expiresAt: issuedBefore + 3_600_000 } as const;
    await database.revocations.append([entry]);
    await logFollower.current();
    t.strictSame(await rows(), [true, true]);
    await lastingLogins.follow();
    t.strictSame(await rows(), [false, false]);
  });

  await t.test("a client's own cut-off leaves the session to the others", async (t) => {
    const { agent, rows } = await lasting("carol");
    await revocations.revokeAsOperator({ sub: "corp|carol", client_id: client.client_id });
    t.strictSame(await rows(), [true, false]);
    t.match(delivered(await agent.open(authorizeUrl({ prompt: "none" }))), { code: String });
  });
});
