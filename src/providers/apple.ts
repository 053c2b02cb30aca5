import { sign } from "node:crypto";
import { text } from "./claims.js";
import { openIdProvider } from "./openid.js";
import type { ProviderSettings } from "./provider.js";

const ISSUER = "https://appleid.apple.com";
/** Seconds for which a client secret is valid. Apple allows six months; each serves one request. */
const SECRET_LIFETIME = 300;

/** Sign in with Apple: the client secret is a JWT that our key signs, and the name comes with the first response. */
export const apple = openIdProvider({
  label: "Apple",
  issuer: () => ISSUER,
  scope: "openid name email",
  parameters: { response_mode: "form_post" }, // Apple demands it for the scopes name and email
  authentication: "client_secret_post",
  clientSecret,
  nameFrom: ({ user }) => nameOf(user),
});

/** "Creating a client secret" in Apple's documentation. `now`: epoch milliseconds. */
function clientSecret({ clientId, signingKey }: ProviderSettings, now: number): string {
  const { teamId = "", keyId = "", privateKey: key = "" } = signingKey ?? {};
  const iat = Math.floor(now / 1000);
  const claims = { iss: teamId, iat, exp: iat + SECRET_LIFETIME, aud: ISSUER, sub: clientId };
  const input = `${encode({ alg: "ES256", kid: keyId })}.${encode(claims)}`;
  const signature = sign("sha256", Buffer.from(input), { key, dsaEncoding: "ieee-p1363" });
  return `${input}.${signature.toString("base64url")}`;
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/**
 * The name in the form field `user`, which Apple sends at a user's first login only. Anyone can send such a field: it
 * is good for a name, but not for an address.
 */
function nameOf(user: string | undefined): string | null {
  try {
    const { name } = JSON.parse(user ?? "{}") as { name?: { firstName?: unknown; lastName?: unknown } | null };
    const parts = [text(name?.firstName), text(name?.lastName)].filter((part) => part !== null);
    return text(parts.join(" "));
  } catch {
    return null;
  }
}
