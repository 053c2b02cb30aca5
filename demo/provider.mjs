import { randomBytes } from "node:crypto";
import { exportJWK, generateKeyPair } from "jose";
import Provider from "oidc-provider";
import { createMemoryAdapter } from "oidc-provider/lib/adapters/memory_adapter.js";
import { loginPages, showError } from "./provider-pages.mjs";

/** Everybody has an account here. */
const account = (_context, id) => ({
  accountId: id,
  claims: () => ({
    sub: id, email: `${id}@example.com`, email_verified: true, name: id.charAt(0).toUpperCase() + id.slice(1),
  }),
});

/** This provider and its only client belong together: nobody needs to be asked what the client may know. */
async function grant({ oidc }) {
  const granted = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
  granted.addOIDCScope("openid email profile");
  await granted.save();
  return granted;
}

/** A real OpenID provider in the place of Google and the like, for this demo only: nobody's password is checked. */
export async function createProvider({ issuer, clientId, clientSecret, callback }, urls) {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  const provider = new Provider(issuer, {
    clients: [{
      client_id: clientId, client_secret: clientSecret, redirect_uris: [callback],
      default_max_age: 0, // asks who is there each time, so that you can come back as somebody else
    }],
    // The default's memory without the default's warning: here nothing has to outlive the process.
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
