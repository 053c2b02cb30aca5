import { mcpAuthMetadataRouter, getOAuthProtectedResourceMetadataUrl }
  from "@modelcontextprotocol/sdk/server/auth/router.js";
import { InvalidTokenError } from "@modelcontextprotocol/sdk/server/auth/errors.js";
import { requireBearerAuth } from "@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js";
import { createMcpExpressApp } from "@modelcontextprotocol/sdk/server/express.js";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";

const { AUTHFLOW_URL, AUTHFLOW_CLIENT_ID, AUTHFLOW_CLIENT_SECRET, MCP_URL, PORT } = process.env;
const resource = new URL(MCP_URL);
const oauthMetadata = await (await fetch(`${AUTHFLOW_URL}/.well-known/oauth-authorization-server`)).json();

/** Asks Authflow, so that a token is refused from the moment in which its session ends. */
async function verifyAccessToken(token) {
  const response = await fetch(oauthMetadata.introspection_endpoint, {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`${AUTHFLOW_CLIENT_ID}:${AUTHFLOW_CLIENT_SECRET}`)}` },
    body: new URLSearchParams({ token }),
  });
  if (!response.ok) throw new Error(`Introspection answered ${response.status}: ${await response.text()}`);
  const { active, client_id: clientId, scope = "", exp: expiresAt, aud, sub } = await response.json();
  if (!active) throw new InvalidTokenError("The token is not valid");
  if (![aud].flat().includes(MCP_URL)) throw new InvalidTokenError("The token is for another resource");
  return { token, clientId, scopes: scope.split(" "), expiresAt, resource, extra: { sub } };
}

function newServer() {
  const server = new McpServer({ name: "example", version: "1.0.0" });
  server.registerTool("whoami", { description: "Says who is logged in" }, ({ authInfo }) =>
    ({ content: [{ type: "text", text: authInfo.extra.sub }] }));
  return server;
}

const app = createMcpExpressApp({ allowedHosts: [resource.hostname] }); // else the SDK allows localhost only
app.use(mcpAuthMetadataRouter({ oauthMetadata, resourceServerUrl: resource, scopesSupported: ["mcp:tools"] }));
app.post(resource.pathname, requireBearerAuth({
  verifier: { verifyAccessToken },
  requiredScopes: ["mcp:tools"],
  resourceMetadataUrl: getOAuthProtectedResourceMetadataUrl(resource),
}), async (request, response) => {
  const [server, transport] = [newServer(), new StreamableHTTPServerTransport({ sessionIdGenerator: undefined })];
  response.on("close", () => server.close());
  await server.connect(transport);
  await transport.handleRequest(request, response, request.body);
});
app.all(resource.pathname, (request, response) => response.status(405).set("Allow", "POST").end()); // it has no stream
app.listen(Number(PORT), (error) => {
  if (error) throw error;
  console.log(`The MCP server is at ${MCP_URL}`);
});
