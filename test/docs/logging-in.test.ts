import t from "../support/tap.js";
import { decode } from "../support/app.js";
import { logInAs, openIdUpstream } from "../support/openid.js";
import { freePort } from "../support/ports.js";
import { serve } from "../support/serve.js";
import { UserAgent } from "../support/user-agent.js";
import { blocks } from "./documents.js";
import { post } from "./post.js";
import { bash } from "./shell.js";

const AUTHFLOW_REGISTRATION_TOKEN = "registration-token-of-the-documents-01";
const REDIRECT_URI = "https://my-app.com/callback";
const port = await freePort();
const { settings } = await openIdUpstream(t, { callbacks: [`http://localhost:${port}/auth/corp/callback`] });
const server = await serve(t, {
  ...settings, PORT: String(port), AUTHFLOW_REGISTRATION: "token", AUTHFLOW_REGISTRATION_TOKEN,
});
const [registration = "", start = "", withSecret = "", withoutSecret = "", ...others] =
  blocks("docs/logging-in.md", "sh");
t.same(others, [], "every block is run");

type Variables = Record<string, string>;

/** What a block of the page prints when it is run against this server, whose provider is called corp. */
async function shell(script: string, env: Variables = {}): Promise<string> {
  const here = script.replaceAll("https://auth.example.com", server.url).replaceAll("/auth/google", "/auth/corp");
  return (await bash(here, { AUTHFLOW_REGISTRATION_TOKEN, ...env })).trim();
}

/** Follows the page: makes a verifier, logs alice in at the URL that it prints, exchanges the code for these claims. */
async function follow(exchange: string, client: Variables): Promise<object> {
  const [verifier = "", url = ""] = (await shell(`${start}echo "$VERIFIER"`, client)).split("\n").reverse();
  const { url: end } = await logInAs(new UserAgent(), "alice", url);
  const code = end.searchParams.get("code") ?? "";
  const answer = await shell(exchange, { ...client, CODE: code, VERIFIER: verifier });
  const { access_token: token } = JSON.parse(answer) as Variables;
  if (token === undefined) throw new Error(`The exchange ended with ${answer}`);
  return decode(token);
}

await t.test("a client with a secret gets the token by the requests as they stand", async (t) => {
  const request = { name: "my-app", redirect_uri: REDIRECT_URI };
  const registered = await post(`${server.url}/clients`, request, AUTHFLOW_REGISTRATION_TOKEN);
  const { client_id = "", client_secret = "" } = registered;
  const claims = await follow(withSecret, { AUTHFLOW_CLIENT_ID: client_id, AUTHFLOW_CLIENT_SECRET: client_secret });
  t.match(claims, { sub: "corp|alice", provider: "corp", client_id, email_verified: true });
});

await t.test("a public client, registered by the page, gets it without a secret", async (t) => {
  const client = JSON.parse(await shell(registration)) as Variables;
  t.match(client, { client_id: String, token_endpoint_auth_method: "none", response_types: ["code"] });
  t.notOk("client_secret" in client, "it has no secret");
  const claims = await follow(withoutSecret, { AUTHFLOW_CLIENT_ID: client.client_id ?? "" });
  t.match(claims, { sub: "corp|alice", client_id: client.client_id });
});
