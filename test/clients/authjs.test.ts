import t from "../support/tap.js";
import { cancelAt, forgetAtProvider } from "../support/openid.js";
import { application, authflow, json } from "./fixture.js";

const server = await authflow(t);

await t.test("an application with Auth.js logs in, with pkce, state and nonce", async (t) => {
  const { url, agent } = await application(t, server, "authjs");
  t.match(json(await agent.open(url)), { message: /Log in at/ });
  const loginPage = await agent.submit(await agent.open(`${url}/auth/signin`));
  const consentPage = await agent.submit(loginPage, { login: "alice", password: "any" });
  await agent.submit(consentPage);
  t.match(json(await agent.open(url)), { id: "corp|alice", name: "The alice", email: "alice@example.com" });

  await agent.submit(await agent.open(`${url}/auth/signout`));
  t.match(json(await agent.open(url)), { message: /Log in at/ });
  forgetAtProvider(agent);
  const again = await agent.submit(await agent.open(`${url}/auth/signin`));
  t.match(again.text, /name="login"/, "the next login needs a page");
  const refused = await cancelAt(agent, again);
  t.equal(refused.url.pathname, "/auth/signin", "who goes back sees the page of Auth.js");
  t.match(refused.text, /Try signing in/);
});
