// npm oidc-provider with all in memory, as a process: `peer.mjs <number of tokens>`. Sends its URL, opaque access
// tokens and the client that may introspect them; then answers each message, a number, with so many authorization
// codes. At POST /token it signs access tokens from then on, as Authflow does.
import { createServer } from "node:http";
import Provider from "oidc-provider";
import { SCOPE } from "./grants.mjs";

const REDIRECT_URI = "https://app.example.com/callback";
const RESOURCE = "https://api.example.com";
const client = {
  client_id: "bench", client_secret: "x".repeat(43), redirect_uris: [REDIRECT_URI], response_types: ["code"],
  grant_types: ["client_credentials", "authorization_code", "refresh_token"],
};
const server = createServer().listen(0, "127.0.0.1");
await new Promise((resolve) => { server.once("listening", resolve); });
const url = `http://127.0.0.1:${server.address().port}`;
console.warn = console.info = () => undefined; // it says on each start that its defaults are for development

/** Without the limit of oidc-provider's own, which forgets all but the last thousand. */
class MemoryAdapter {
  #stored = new Map();
  async upsert(id, payload) { this.#stored.set(id, payload); }
  async find(id) { return this.#stored.get(id); }
  async findByUid() { return undefined; }
  async consume(id) { this.#stored.get(id).consumed = Math.floor(Date.now() / 1000); }
  async destroy(id) { this.#stored.delete(id); }
  async revokeByGrantId() { throw new Error("A code or a refresh token was exchanged twice"); }
}

let isOpaque = true;
const provider = new Provider(url, {
  adapter: MemoryAdapter,
  clients: [client],
  features: {
    introspection: { enabled: true }, clientCredentials: { enabled: true }, devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true, defaultResource: () => RESOURCE, useGrantedResource: () => true,
      getResourceServerInfo: () => (isOpaque ? { scope: "" }
        : { scope: "", accessTokenFormat: "jwt", jwt: { sign: { alg: "RS256" } } }),
    },
  },
  pkce: { required: () => false },
  rotateRefreshToken: true,
  issueRefreshToken: () => true,
  findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
});
server.on("request", provider.callback());
const headers = {
  "content-type": "application/x-www-form-urlencoded",
  authorization: `Basic ${Buffer.from(`${client.client_id}:${client.client_secret}`).toString("base64")}`,
};
const tokens = [];
for (let i = 0; i < Number(process.argv[2]); i++) {
  const answer = await fetch(`${url}/token`, { method: "POST", headers, body: "grant_type=client_credentials" });
  tokens.push((await answer.json()).access_token);
}
isOpaque = false;

async function newCode(client) {
  const [clientId, accountId] = [client.clientId, "alice"];
  const grant = new provider.Grant({ clientId, accountId });
  grant.addOIDCScope(SCOPE);
  const grantId = await grant.save(3600);
  const code = new provider.AuthorizationCode({
    client, accountId, grantId, redirectUri: REDIRECT_URI, scope: SCOPE, gty: "authorization_code",
    authTime: Math.floor(Date.now() / 1000), resource: RESOURCE,
  });
  return code.save(60);
}
process.on("message", async (count) => {
  const registered = await provider.Client.find(client.client_id);
  process.send(await Promise.all(Array.from({ length: count }, () => newCode(registered))));
});
process.send({ url, tokens, credentials: client });
