import { randomBytes } from "node:crypto";
import { exportJWK, generateKeyPair } from "jose";
import Provider from "oidc-provider";
import { createMemoryAdapter } from "oidc-provider/lib/adapters/memory_adapter.js";
import { loginPages, showError } from "./provider-pages.mjs";

/** Every name is an account. */
const account = (_context, id) => ({
  accountId: id,
  claims: () => ({
    sub: id, email: `${id}@example.com`, email_verified: true, name: id.charAt(0).toUpperCase() + id.slice(1),
  }),
});

/** Grants all scopes without a consent page: all clients belong to the person who runs the demo. */
async function grant({ oidc }) {
  const granted = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
  granted.addOIDCScope("openid email profile");
  await granted.save();
  return granted;
}

/**
 * An OpenID provider in the place of Google or another one. For this demo only: it checks no password. `ownClient` has
 * the metadata of another client, if there is one.
 */
export async function createProvider({ issuer, clientId, clientSecret, callback }, urls, ownClient) {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  const provider = new Provider(issuer, {
    clients: [
      { client_id: clientId, client_secret: clientSecret, redirect_uris: [callback] },
      ...ownClient ? [ownClient] : [],
    ],
    // Asks for the name at each login, so that you can log in as another user.
    clientDefaults: { default_max_age: 0 },
    // The default is in memory too, but prints a warning. Here no data need to survive the process.
    adapter: createMemoryAdapter(),
    jwks: { keys: [{ ...await exportJWK(privateKey), alg: "RS256", use: "sig" }] },
    cookies: { keys: [randomBytes(32).toString("base64url")] },
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    findAccount: account,
    // A page, which may be a public client, asks from the origin to which it is redirected.
    clientBasedCORS: (_context, origin, client) => client.redirectUris.some((uri) => new URL(uri).origin === origin),
    loadExistingGrant: grant,
    // Authflow always sends it, and a public client must (RFC 9700 §2.1.1).
    pkce: { required: (_context, client) => client.clientId === clientId || client.clientAuthMethod === "none" },
    ttl: { Interaction: 600, Session: 600, Grant: 600, AccessToken: 60, IdToken: 60 },
    features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: false } },
    renderError: showError(urls.app),
  });
  provider.on("server_error", (_context, error) => { console.error(error); });
  return provider.use(loginPages(provider, urls)).callback();
}
