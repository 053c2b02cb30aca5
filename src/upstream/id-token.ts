import { createRemoteJWKSet, customFetch, decodeJwt, errors, type JWTVerifyGetKey, jwtVerify } from "jose";
import { oneLine } from "../shared/text.js";
import { type IdTokenChecks, UpstreamError } from "../providers/upstream.js";

/**
 * Asymmetric signatures only: no "none", and no HMAC, for which an attacker could use the public key (RFC 8725 §2.1).
 */
const ALGORITHMS = [
  "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519",
];
/** Seconds by which the provider's clock may differ from ours. */
const PROVIDER_CLOCK_SKEW = 60;
/** The greatest age of a new ID token in seconds. This check also rejects tokens whose iat lies in the future. */
const MAX_AGE = 3600;

/** A provider's keys: cached, and fetched again for an unknown kid, though not more often than every 30 s. */
export const remoteKeys = (jwksUri: string, fetchJwks: (url: string) => Promise<unknown>): JWTVerifyGetKey =>
  createRemoteJWKSet(new URL(jwksUri), { [customFetch]: async (url) => Response.json(await fetchJwks(url)) });

/** OpenID Connect Core §3.1.3.7. */
export async function verifyIdToken(
  idToken: string,
  keys: JWTVerifyGetKey,
  { issuer, audience, nonce }: IdTokenChecks,
  now: number,
): Promise<Record<string, unknown>> {
  let expected = "";
  try {
    expected = issuer(decodeJwt(idToken));
    const { payload } = await jwtVerify(idToken, keys, {
      algorithms: ALGORITHMS, audience, issuer: expected, requiredClaims: ["sub", "iat", "exp"],
      clockTolerance: PROVIDER_CLOCK_SKEW, maxTokenAge: MAX_AGE, currentDate: new Date(now),
    });
    const fault = partyFault(payload.aud, payload.azp, audience)
      ?? (nonce !== undefined && payload.nonce !== nonce ? "nonce is not the one of this login" : undefined);
    if (fault !== undefined) throw new UpstreamError("untrustworthy", `id_token: ${fault}`);
    return payload;
  } catch (error) {
    if (error instanceof UpstreamError) throw error;
    throw new UpstreamError("untrustworthy", `id_token: ${faultOf(error as Error, expected)}`);
  }
}

/** A message of our own: those of the libraries repeat parts of the token and of the provider's keys. */
function faultOf(error: Error, issuer: string): string {
  const { claim, payload } = error instanceof errors.JWTClaimValidationFailed ? error : {};
  if (claim === "iss" && typeof payload?.iss === "string")
    return `iss is "${oneLine(payload.iss)}" instead of "${issuer}"`;
  if (error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JWTExpired)
    return `${error.code} ${error.claim} ${error.reason}`;
  return error instanceof errors.JOSEError ? error.code : `the provider's key can't be used (${error.name})`;
}

/** OpenID Connect Core §2: azp names the client to which a token with several audiences was issued. */
function partyFault(aud: unknown, azp: unknown, clientId: string): string | undefined {
  if (azp !== undefined && azp !== clientId) return "azp names another client";
  return Array.isArray(aud) && aud.length > 1 && azp === undefined ? "several audiences and no azp" : undefined;
}
