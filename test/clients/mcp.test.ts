import { auth } from "@modelcontextprotocol/sdk/client/auth.js";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { InMemoryOAuthClientProvider } from "@modelcontextprotocol/sdk/examples/client/simpleOAuthClientProvider.js";
import t, { type Test } from "../support/tap.js";
import { bearer, decode } from "../support/app.js";
import { logInAs } from "../support/openid.js";
import { freePort } from "../support/ports.js";
import { type Proxy, reverseProxy } from "../support/proxy.js";
import { type PublicNames, publicNames } from "../support/public-names.js";
import { UserAgent } from "../support/user-agent.js";
import { authflow, documented, example } from "./fixture.js";

/** A client on a device registers one port, and gets another one when it runs. Nothing listens there. */
const [REGISTERED, SDK_CALLBACK] = ["http://127.0.0.1:8090/callback", "http://127.0.0.1:49152/callback"];

/** Where Authflow and the MCP server are. `names`: behind proxies that end TLS. `path`: Authflow is below it. */
interface Place { names?: PublicNames; path?: string }
const names = publicNames(t);
const PLACES: Record<string, Place> = {
  "on this machine": {},
  ...(names && { "at public URLs": { names }, "below a path of a public URL": { names, path: "/identity" } }),
};
for (const [where, place] of Object.entries(PLACES)) await t.test(where, (t) => logins(t, place));

async function logins(t: Test, { names, path = "" }: Place): Promise<void> {
  const tls = (name: string) => (names === undefined ? {} : { tls: names.certificate, name });
  const fetch = names?.fetch ?? globalThis.fetch;
  const newAgent = (): UserAgent => new UserAgent(...(names === undefined ? [] : [names]));
  // The proxies of a deployment: a client that comes through them registers from another machine.
  const proxy = await reverseProxy(t, { from: "203.0.113.9", path, ...tls("auth.example.test") }) as Proxy;
  const mcp = await reverseProxy(t, tls("mcp.example.test")) as Proxy;
  const [MCP_URL, PORT] = [`${mcp.origin}/mcp`, String(await freePort())];
  mcp.targets.push(`http://localhost:${PORT}`);
  const server = await authflow(t, {
    AUTHFLOW_REGISTRATION: "open", AUTHFLOW_TRUST_PROXY: "127.0.0.1",
    AUTHFLOW_KEY_ENCRYPTION_KEY: Buffer.alloc(32, 5).toString("base64"),
    AUTHFLOW_SELF_REGISTERED_AUDIENCES: MCP_URL, AUTHFLOW_SELF_REGISTERED_SCOPES: "mcp:tools",
  }, proxy);
  const { client_id, client_secret } = await server.register(documented("mcp"));
  const started = await example(t, "mcp-server.mjs", {
    AUTHFLOW_URL: server.url, AUTHFLOW_CLIENT_ID: client_id, AUTHFLOW_CLIENT_SECRET: client_secret, MCP_URL, PORT,
    ...names?.env,
  });
  await started(/^The MCP server is at /);

  await t.test("the documented client registers itself, and its user allows it to call a tool", async (t) => {
    const CALLBACK_URL = `http://localhost:${await freePort()}/callback`;
    const line = await example(t, "mcp-client.mjs", { MCP_URL, CALLBACK_URL, ...names?.env });
    const agent = newAgent();
    const page = await logInAs(agent, "alice", (await line(/^Open /)).slice("Open ".length));
    t.match(page.text, /<h1>Allow Example MCP client\?<\/h1>/);
    t.match(page.text, new RegExp(`a program on this device \\(${new URL(CALLBACK_URL).host}\\)`));
    t.match(page.text, /mcp:tools/);
    t.match((await agent.submit(page, { decision: "allow" })).text, /close this window/);
    t.equal(await line(/^You are /), "You are corp|alice");
  });

  /** The SDK's own example of a client, and where it sends the browser. `client_id`: it was registered before. */
  async function sdkClient(client_id?: string) {
    let asked = new URL("about:blank");
    const provider = new InMemoryOAuthClientProvider(SDK_CALLBACK, {
      client_name: "SDK", redirect_uris: [REGISTERED], grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"], token_endpoint_auth_method: client_id === undefined ? "client_secret_post" : "none",
    }, (url) => { asked = url; });
    if (client_id !== undefined) provider.saveClientInformation({ client_id });
    const authorized = (answer?: URL) => {
      const authorizationCode = answer?.searchParams.get("code") ?? undefined;
      return auth(provider, {
        serverUrl: MCP_URL, fetchFn: fetch, ...(authorizationCode !== undefined && { authorizationCode }),
      });
    };
    t.equal(await authorized(), "REDIRECT");
    return { provider, authorized, asked: () => asked };
  }

  const connect = async (authProvider: InMemoryOAuthClientProvider): Promise<Client> => {
    const client = new Client({ name: "test", version: "1" });
    await client.connect(new StreamableHTTPClientTransport(new URL(MCP_URL), { authProvider, fetch }));
    return client;
  };

  await t.test("the SDK refreshes tokens for the resource, until its user logs out", async (t) => {
    const { provider, authorized, asked } = await sdkClient();
    t.match(Object.fromEntries(asked().searchParams),
      { resource: MCP_URL, scope: "mcp:tools", code_challenge_method: "S256", redirect_uri: SDK_CALLBACK });
    const registered = () => server.fastify.clients.read(provider.clientInformation()?.client_id ?? "");
    if (names) t.type((await registered()).expiresAt, "number", "it is deleted unless somebody uses it");
    const agent = newAgent();
    const { url: answer } = await agent.submit(await logInAs(agent, "bob", asked()), { decision: "allow" });
    t.equal(answer.origin + answer.pathname, SDK_CALLBACK);
    const cookies = [...agent.cookies.get(new URL(server.url).hostname)?.keys() ?? []];
    if (names) t.strictSame(cookies.filter((name) => !name.startsWith("__Host-")), []);
    t.equal(await authorized(answer), "AUTHORIZED");
    t.equal((await registered()).expiresAt, null);
    const first = provider.tokens();
    t.match(decode(first?.access_token ?? ""), { iss: server.url, aud: MCP_URL, scope: "mcp:tools", sub: "corp|bob" });
    t.equal(await authorized(), "AUTHORIZED", "by the refresh token");
    t.not(provider.tokens()?.refresh_token, first?.refresh_token);
    const client = await connect(provider);
    t.match(await client.callTool({ name: "whoami" }), { content: [{ text: "corp|bob" }] });

    provider.saveTokens({ access_token: "x", token_type: "Bearer" });
    t.equal(await authorized(), "REDIRECT");
    const { url: again } = await agent.open(asked());
    t.equal(await authorized(again), "AUTHORIZED", "in the same session and without a question");
    const token = provider.tokens()?.access_token ?? "";
    t.equal(decode(token).sid, decode(first?.access_token ?? "").sid);

    const logout = await fetch(`${server.url}/logout`, {
      method: "POST", headers: { ...bearer(token), "content-type": "application/json" },
      body: JSON.stringify({ session: true }),
    });
    t.equal(logout.status, 200);
    const refused: unknown = await client.callTool({ name: "whoami" }).catch((error: unknown) => error);
    t.match(refused, { errorCode: "invalid_grant" }, "the tokens end with the session, also the refresh token");
    await client.close();
  });

  await t.test("a client that was deleted registers again, if it forgets what Authflow refuses", async (t) => {
    const { provider, authorized, asked } = await sdkClient();
    const agent = newAgent();
    const { url } = await agent.submit(await logInAs(agent, "erin", asked()), { decision: "allow" });
    await authorized(url);
    const before = provider.clientInformation()?.client_id ?? "";
    await server.fastify.clients.delete(before);
    Object.assign(provider, { invalidateCredentials: (what: string) => {
      t.equal(what, "all");
      provider.saveTokens(undefined as never);
      provider.saveClientInformation(undefined as never);
    } });
    t.equal(await authorized(), "REDIRECT");
    t.not(provider.clientInformation()?.client_id, before);
    t.equal(asked().searchParams.get("client_id"), provider.clientInformation()?.client_id);
  });

  await t.test("without its user's consent the SDK gets nothing", async (t) => {
    const { asked } = await sdkClient();
    const agent = newAgent();
    const { url } = await agent.submit(await logInAs(agent, "carol", asked()), { decision: "deny" });
    t.match(Object.fromEntries(url.searchParams), { error: "access_denied", iss: server.url });
    t.equal(url.searchParams.get("code"), null);
  });

  await t.test("users of a client that the operator registered are not asked", async (t) => {
    const { client_id } = await server.register({ redirect_uris: [REGISTERED], token_endpoint_auth_method: "none" });
    const { provider, authorized, asked } = await sdkClient(client_id);
    const { url } = await logInAs(newAgent(), "dave", asked());
    t.equal(await authorized(url), "AUTHORIZED");
    const client = await connect(provider);
    t.match(await client.callTool({ name: "whoami" }), { content: [{ text: "corp|dave" }] });
    await client.close();
  });

  await t.test("a token for another resource opens nothing", async (t) => {
    const { client_id, client_secret } = await server.register({ grant_types: ["client_credentials"] });
    await server.operate("PATCH", `/clients/${client_id}`, { policy: { scopes: ["mcp:tools"] } });
    const token = async (resource: string): Promise<string> => {
      const response = await fetch(`${server.url}/token`, {
        method: "POST",
        body: new URLSearchParams({
          grant_type: "client_credentials", client_id, client_secret, scope: "mcp:tools", resource,
        }),
      });
      return (await response.json() as { access_token: string }).access_token;
    };
    const status = async (token: string): Promise<number> => (await fetch(MCP_URL, {
      method: "POST",
      headers: {
        ...bearer(token), accept: "application/json, text/event-stream", "content-type": "application/json",
      },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" }),
    })).status;
    t.equal(await status(await token(MCP_URL)), 200);
    t.equal(await status(await token("https://other.example.com")), 401);
  });

  await t.test("the server offers no stream of its own, and says so as the protocol wants it", async (t) => {
    t.match(await fetch(MCP_URL, { headers: { accept: "text/event-stream" } }), { status: 405 });
  });
}
