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

/** Grants all scopes without a consent page: Authflow is the only client. */
async function grant({ oidc }) {
  const granted = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
  granted.addOIDCScope("openid email profile");
  await granted.save();
  return granted;
}

/** An OpenID provider in the place of Google or another one. For this demo only: it checks no password. */
export async function createProvider({ issuer, clientId, clientSecret, callback }, urls) {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  const provider = new Provider(issuer, {
    clients: [{
      client_id: clientId, client_secret: clientSecret, redirect_uris: [callback],
      default_max_age: 0, // asks for the name at each login, so that you can log in as another user
    }],
    // The default is in memory too, but prints a warning. Here no data need to survive the process.
    adapter: createMemoryAdapter(),
    jwks: { keys: [{ ...await exportJWK(privateKey), alg: "RS256", use: "sig" }] },
    cookies: { keys: [randomBytes(32).toString("base64url")] },
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    findAccount: account,
    loadExistingGrant: grant,
    pkce: { required: () => true },
    ttl: { Interaction: 600, Session: 600, Grant: 600, AccessToken: 60, IdToken: 60 },
    features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: false } },
    renderError: showError(urls.app),
  });
  provider.on("server_error", (_context, error) => { console.error(error); });
  return provider.use(loginPages(provider, urls)).callback();
}
