import { once } from "node:events";
import { createServer } from "node:http";
import { randomUUID } from "node:crypto";
import { UnauthorizedError } from "@modelcontextprotocol/sdk/client/auth.js";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const { MCP_URL, CALLBACK_URL = "http://localhost:8090/callback" } = process.env;

const callback = createServer().listen(Number(new URL(CALLBACK_URL).port), "localhost");
const arrived = once(callback, "request"); // before the browser is sent away

/** What the SDK keeps: in memory here, in the keychain of the user in an application. */
const kept = {};
const authProvider = {
  redirectUrl: CALLBACK_URL,
  clientMetadata: {
    client_name: "Example MCP client",
    redirect_uris: [CALLBACK_URL],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    token_endpoint_auth_method: "none",
  },
  state: () => (kept.state = randomUUID()),
  clientInformation: () => kept.client,
  saveClientInformation: (client) => { kept.client = client; },
  tokens: () => kept.tokens,
  saveTokens: (tokens) => { kept.tokens = tokens; },
  codeVerifier: () => kept.verifier,
  saveCodeVerifier: (verifier) => { kept.verifier = verifier; },
  /** When Authflow refuses the tokens, or does not know the client any more. The SDK then logs in or registers again. */
  invalidateCredentials: (what) => {
    if (what === "all" || what === "tokens") delete kept.tokens;
    if (what === "all" || what === "client") delete kept.client;
  },
  redirectToAuthorization: (url) => console.log(`Open ${url.href}`),
};

/** Resolves to the code that the browser brings. */
async function authorizationCode() {
  const [request, response] = await arrived;
  const answer = new URL(request.url, CALLBACK_URL).searchParams;
  response.end("You can close this window.");
  if (answer.get("state") !== kept.state) throw new Error("This answer belongs to another login");
  if (answer.has("error")) throw new Error(`${answer.get("error")}: ${answer.get("error_description")}`);
  return answer.get("code");
}

async function connect() {
  const client = new Client({ name: "example-client", version: "1.0.0" });
  const transport = new StreamableHTTPClientTransport(new URL(MCP_URL), { authProvider });
  try {
    await client.connect(transport);
    return client;
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
    await transport.finishAuth(await authorizationCode());
    return connect();
  }
}

const client = await connect();
const { content } = await client.callTool({ name: "whoami" });
console.log(`You are ${content[0].text}`);
await client.close();
callback.close();
