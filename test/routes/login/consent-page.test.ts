import t from "../../support/tap.js";
import { basic, decode, REDIRECT_URI, testApp } from "../../support/app.js";
import { delivered, PKCE, VERIFIER } from "../../support/login.js";
import { type LyingUpstream, lyingUpstreams } from "../../support/lying-upstream.js";
import { LOGIN_PAGE, onward } from "../../support/login-page.js";
import { UserAgent, type Visited, wayOn } from "../../support/user-agent.js";

const { upstreams, settings } = await lyingUpstreams(t, ["corp"]);
const [corp] = upstreams as [LyingUpstream];
let user: { sub: string; email?: string; name?: string } = { sub: "4f7c0a" };
corp.lies = {
  claims: ({ email: _email, email_verified: _verified, name: _name, ...truth }) => ({ ...truth, ...user }),
  userinfo: () => user,
};

/** Authflow with a client whose users are asked. */
async function asking(env: Record<string, string>) {
  const app = await testApp(t, env);
  const client = await app.register({ name: "Tool" });
  await app.fastify.clients.update(client.client_id, { isSelfRegistered: true });
  const url = (query: Record<string, string> = {}): string => `http://localhost:8080/authorize?${new URLSearchParams({
    client_id: client.client_id, redirect_uri: REDIRECT_URI, scope: "openid", state: "xyz", ...PKCE, ...query,
  }).toString()}`;
  const subjectOf = async (visited: Visited): Promise<unknown> => {
    const form = {
      grant_type: "authorization_code", redirect_uri: REDIRECT_URI, code: delivered(visited).code ?? "",
      code_verifier: VERIFIER,
    };
    const { body } = await app.call("POST", "/token", {
      headers: { "content-type": "application/x-www-form-urlencoded", ...basic(client) },
      payload: new URLSearchParams(form).toString(),
    });
    return decode(body.id_token as string).sub;
  };
  return { app, url, subjectOf };
}
const fact = ({ text }: Visited): string =>
  /<dt>(You are[^<]*)<\/dt><dd[^>]*>([^<]*)</.exec(text)?.slice(1).join(" ") ?? "";

const { app, url, subjectOf } = await asking(settings);

await t.test("the page says which account it is, in words", async (t) => {
  for (const [claims, words] of [
    [{ email: "a@corp.example", name: "Ann" }, "You are logged in as a@corp.example"],
    [{ name: "Ann" }, "You are logged in as Ann"], [{}, "You are logged in with your Corp account"],
  ] as const) {
    user = { sub: "4f7c0a", ...claims };
    const page = await new UserAgent(app).open(url());
    t.equal(fact(page), words);
    t.notMatch(page.text, /4f7c0a|corp\|/, "no id that only programs know");
  }
});

await t.test("so it does for users of the platform's own login page", async (t) => {
  for (const [label, words] of [["Acme", "your Acme account"], [undefined, "your account"]] as const) {
    const { app, url } = await asking({
      AUTHFLOW_LOGIN_URL: LOGIN_PAGE, ...(label !== undefined && { AUTHFLOW_LOGIN_LABEL: label }),
    });
    const backend = await app.register({ name: "login page", permissions: ["authenticate"] });
    const agent = new UserAgent(app);
    const challenge = (await agent.open(url())).url.searchParams.get("login_challenge") ?? "";
    const payload = { sub: "4f7c0a" };
    const page = await agent.open(onward(await app.call("POST", `/logins/${challenge}/accept`,
      { headers: basic(backend), payload })));
    t.equal(fact(page), `You are logged in with ${words}`);
    const { url: other } = wayOn(page, "Use another account");
    const read = (await agent.open(other)).url.searchParams.get("login_challenge") ?? "";
    t.match(await app.call("GET", `/logins/${read}`, { headers: basic(backend) }),
      { body: { prompt: "select_account" } }, "the page is told");
  }
});

await t.test("a user takes another account, and the application gets that one", async (t) => {
  user = { sub: "alice", email: "alice@corp.example" };
  const agent = new UserAgent(app);
  const first = await agent.open(url({ login_hint: "alice@corp.example", prompt: "consent", response_mode: "query" }));
  t.equal(fact(first), "You are logged in as alice@corp.example");
  const { url: other } = wayOn(first, "Use another account");
  const { location } = Object.fromEntries((await agent.once(other)).headers);
  const { searchParams } = new URL(location ?? "");
  t.equal(searchParams.get("prompt"), "select_account", "the provider is asked for a choice");
  t.equal(searchParams.get("login_hint"), null);
  user = { sub: "bob", email: "bob@corp.example" };
  const second = await agent.open(other);
  t.equal(fact(second), "You are logged in as bob@corp.example");
  t.equal(await subjectOf(await agent.submit(second, { decision: "allow" })), "corp|bob");
  t.equal((await agent.submit(first, { decision: "allow" })).status, 403, "the page of the first account is over");
});

await t.test("an application that asks for one user gets no other", async (t) => {
  user = { sub: "alice" };
  const claims = JSON.stringify({ id_token: { sub: { value: "corp|alice" } } });
  const page = await new UserAgent(app).open(url({ claims }));
  t.match(page.text, /Allow Tool\?/);
  t.notMatch(page.text, /Use another account/);
});

await t.test("a provider that offers no choice of accounts is asked for a login", async (t) => {
  for (const [values, prompts] of [
    [undefined, ["select_account consent", "select_account"]],
    [["none"], ["select_account consent", "select_account"]],
    [["none", "login", "consent", "select_account"], ["select_account consent", "select_account"]],
    [["none", "login", "consent"], ["login consent", "login"]],
  ] as const) {
    corp.lies.discovery = (truth) => ({ ...truth, ...(values && { prompt_values_supported: values }) });
    const { app, url } = await asking(settings);
    const [start, own] = [new URL(url()), new URL(url())];
    own.searchParams.set("client_id", (await app.register()).client_id); // /auth asks for no consent
    for (const [index, path] of ["/auth/corp", "/authorize"].entries()) {
      const { search } = index === 0 ? own : start;
      const answer = await app.call("GET", `${path}${search}&prompt=select_account+consent`);
      const sent = new URL(answer.headers.location as string).searchParams;
      t.equal(sent.get("prompt"), prompts[index], `${path} ${String(values)}`);
    }
  }
});
