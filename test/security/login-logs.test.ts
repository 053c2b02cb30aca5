import t from "../support/tap.js";
import { onEveryBackend } from "../support/app.js";
import { delivered, loginFixture, PKCE, VERIFIER } from "../support/login.js";
import { UPSTREAM_CLIENT } from "../support/openid.js";
import { UserAgent } from "../support/user-agent.js";

/** Texts of at least this length, so that no short value is found by chance. */
const LONG = 16;

await onEveryBackend(t, async (t, env) => {
  const { app, client, url, logIn, exchange } = await loginFixture(t, env);
  const secrets = new Set<string>([client.client_secret, UPSTREAM_CLIENT.client_secret, VERIFIER]);
  const note = (...texts: (string | null | undefined)[]): void => {
    for (const text of texts) if (text && text.length >= LONG) secrets.add(text);
  };

  await t.test("logins of every outcome", async (t) => {
    const agent = new UserAgent(app);
    const state = "canary-state-of-the-application";
    note(state);
    const begun = await agent.once(new URL(url({ state })));
    const onward = new URL(begun.headers.get("location") as string);
    note(...["state", "nonce", "code_challenge"].map((name) => onward.searchParams.get(name)));
    note(...[...agent.cookies.get("localhost")?.entries() ?? []].flat().filter((text) => !text.startsWith("authflow")));
    const onwardState = onward.searchParams.get("state");
    await agent.open(
      `http://localhost:8080/auth/corp/callback?code=canary-code-that-nobody-issued&state=${onwardState}`);
    note("canary-code-that-nobody-issued");
    note(delivered(await logIn("alice")).access_token);
    const { code = "" } = delivered(await logIn("alice", PKCE));
    note(code);
    const answers = [await exchange({ code, ...client, code_verifier: "canary-verifier-that-is-wrong" }),
      await exchange({ code, ...client, code_verifier: VERIFIER }),
      await exchange({ code, ...client, code_verifier: VERIFIER })];
    t.strictSame(answers.map(({ status }) => status), [400, 200, 400]);
    note("canary-verifier-that-is-wrong", answers[1]?.body.access_token as string);
    await agent.open(url({ redirect_uri: "https://canary-evil.example/callback" }));
    await agent.open(
      "http://localhost:8080/auth/corp/callback?state=canary-state-that-is-unknown&error=canary-error-of-upstream");
    note("https://canary-evil.example/callback", "canary-state-that-is-unknown", "canary-error-of-upstream");
    const cancelled = await agent.open(url());
    await agent.open(new URL(/href="([^"]+\/abort)"/.exec(cancelled.text)?.[1] as string, cancelled.url));
  });

  await t.test("nothing that opens a door, or names a person, is in the log", async (t) => {
    const text = app.logs.join("");
    t.match(text, '"path":"/auth/corp/callback"', "the log speaks of these requests");
    t.match(text, /was cancelled or refused/, "and of what went wrong");
    t.ok(secrets.size > 10);
    for (const secret of secrets) t.notMatch(text, secret.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    t.notMatch(text, /alice|example\.com/);
  });
});
