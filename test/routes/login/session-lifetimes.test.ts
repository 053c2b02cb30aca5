import t from "../../support/tap.js";
import { decode, manualClock, onEveryBackend } from "../../support/app.js";
import { authorizeFixture } from "../../support/authorize.js";
import { delivered } from "../../support/login.js";
import { refresh } from "../../support/refresh.js";
import { UserAgent } from "../../support/user-agent.js";

await onEveryBackend(t, async (t, env) => {
  const { clock, advance } = manualClock();
  const lifetimes = { AUTHFLOW_SESSION_TTL: "250s", AUTHFLOW_SESSION_IDLE_TTL: "100s" };
  const { app, client, authorize, authorizeUrl, redeem } =
    await authorizeFixture(t, { ...env, ...lifetimes }, { clock });
  /** The error of a request without a page, or none. */
  const silent = async (agent: UserAgent, query = {}): Promise<string | undefined> =>
    delivered(await agent.open(authorizeUrl({ prompt: "none", ...query }))).error;
  const loggedIn = async (): Promise<UserAgent> => {
    const agent = new UserAgent(app);
    const { status } = await redeem(await authorize("alice", {}, agent));
    t.equal(status, 200);
    return agent;
  };

  await t.test("max_age is the age of the login, not of its last use", async (t) => {
    const agent = await loggedIn();
    advance(59);
    t.equal(await silent(agent, { max_age: "60" }), undefined);
    t.equal(await silent(agent, { max_age: "0" }), "login_required");
    advance(2);
    t.equal(await silent(agent, { max_age: "60" }), "login_required");
    t.equal(await silent(agent, { max_age: "62" }), undefined);
    t.equal(await silent(agent), undefined, "the session itself goes on");
    const page = await agent.once(new URL(authorizeUrl({ max_age: "60" })));
    t.match(page.headers.get("location"), /max_age=60/, "without prompt=none the user logs in again, upstream too");
    const { body } = await redeem(await agent.open(authorizeUrl({ max_age: "62" })));
    t.ok(clock() / 1000 - Number(decode(body.id_token as string).auth_time) <= 62);
  });

  await t.test("a session ends when it is not used", async (t) => {
    const [used, idle] = [await loggedIn(), await loggedIn()];
    advance(99);
    t.equal(await silent(used), undefined);
    advance(1);
    t.equal(await silent(idle), "login_required");
    advance(98);
    t.equal(await silent(used), undefined, "each use puts the end off");
    t.match((await idle.once(new URL(authorizeUrl()))).headers.get("location"), /^http:\/\/localhost:\d+\/auth\?/);
  });

  await t.test("a session ends however much it is used", async (t) => {
    const agent = await loggedIn();
    const login = await redeem(await agent.open(authorizeUrl()));
    for (const seconds of [90, 90, 69]) {
      advance(seconds);
      t.equal(await silent(agent), undefined);
    }
    const pending = await agent.open(authorizeUrl());
    advance(1);
    t.equal(await silent(agent), "login_required");
    t.equal((await redeem(pending)).status, 200, "what it gave before is good");
    const tokens = await refresh(app, client, login.body.refresh_token as string);
    t.equal(tokens.status, 200, "refresh tokens have lifetimes of their own");
    t.equal((await app.userinfo(tokens.body.access_token as string)).status, 200);
  });
});
