// npm oidc-provider with opaque tokens in its own memory, as a process: `peer.mjs <number of tokens>`. Sends its URL,
// the tokens and the client that may introspect them.
import { createServer } from "node:http";
import Provider from "oidc-provider";

const client = {
  client_id: "bench", client_secret: "x".repeat(43), grant_types: ["client_credentials"], redirect_uris: [],
  response_types: [],
};
const server = createServer().listen(0, "127.0.0.1");
await new Promise((resolve) => { server.once("listening", resolve); });
const url = `http://127.0.0.1:${server.address().port}`;
console.warn = console.info = () => undefined; // it says on each start that its defaults are for development
const provider = new Provider(url, {
  clients: [client],
  features: {
    introspection: { enabled: true }, clientCredentials: { enabled: true }, devInteractions: { enabled: false },
  },
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
process.send({ url, tokens, credentials: client });
