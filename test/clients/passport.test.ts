import t from "../support/tap.js";
import { logInAs } from "../support/openid.js";
import { application, authflow, json } from "./fixture.js";

const server = await authflow(t);

await t.test("an application with passport-openidconnect logs in, with state and nonce", async (t) => {
  const { url, agent } = await application(t, server, "passport");
  t.match(json(await logInAs(agent, "alice", `${url}/login`)),
    { id: "corp|alice", name: "The alice", emails: [{ value: "alice@example.com" }] });
});

await t.test("an error of the login comes back as a message", async (t) => {
  const { url, agent } = await application(t, server, "passport");
  const loginPage = await agent.open(`${url}/login`);
  const [, abort = ""] = /href="([^"]*\/abort)"/.exec(loginPage.text) ?? [];
  t.match(json(await agent.open(new URL(abort, loginPage.url))), { failures: [/cancelled|denied|refused/i] });
});
