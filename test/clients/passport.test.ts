import t from "../support/tap.js";
import { cancelAt, forgetAtProvider, logInAs } from "../support/openid.js";
import { application, authflow, json } from "./fixture.js";

const server = await authflow(t);

await t.test("an application with passport-openidconnect logs in, with state and nonce", async (t) => {
  const { url, agent } = await application(t, server, "passport");
  t.match(json(await logInAs(agent, "alice", `${url}/login`)),
    { id: "corp|alice", name: "The alice", emails: [{ value: "alice@example.com" }] });
});

await t.test("an error of the login comes back as a message", async (t) => {
  const { url, agent } = await application(t, server, "passport");
  t.match(json(await cancelAt(agent, `${url}/login`)), { failures: [/cancelled|denied|refused/i] });
  t.strictSame(Object.keys(json(await agent.open(url))), ["message"], "it is shown once");
  t.match(json(await agent.open(`${url}/callback?code=old&state=old`)), { failures: [String] }, "an old address");
});

await t.test("a logout ends the session at Authflow too", async (t) => {
  const { url, agent } = await application(t, server, "passport");
  t.match(json(await agent.open(`${url}/logout`, { method: "POST" })), { message: /Log in at/ }, "nobody is logged in");
  const user = json(await logInAs(agent, "bob", `${url}/login`));
  t.strictSame(Object.keys(user).sort(), ["emails", "id", "name"], "the page does not show the token");
  t.match(json(await agent.open(`${url}/logout`, { method: "POST" })), { message: /Log in at/ });
  forgetAtProvider(agent);
  t.match((await agent.open(`${url}/login`)).text, /name="login"/, "the next login needs a page");
});
