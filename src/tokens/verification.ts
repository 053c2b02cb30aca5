import { invalidToken } from "../shared/errors.js";
import type { KeyRing } from "../keys/key-ring.js";
import type { VerificationKey } from "../keys/opened-ring.js";
import type { AccessTokenClaims } from "./claims.js";

export interface JoseHeader { alg?: unknown; typ?: unknown; kid?: unknown }

const KID = /^[A-Za-z0-9._-]{1,128}$/;
const ACCESS_TOKEN_TYPES: unknown[] = ["JWT", "at+jwt"];

const FOREIGN = "The token was not signed by a key of this issuer";

/**
 * The key that a token's header names. Keys the token brings along (jwk, jku, x5u, x5c) are never looked at. A kid that
 * this replica does not know may be a key that another one has just made: the ring is read anew before it is refused.
 */
export async function verificationKey(ring: KeyRing, { kid, alg }: JoseHeader): Promise<VerificationKey> {
  if (typeof kid !== "string" || !KID.test(kid)) throw invalidToken(FOREIGN);
  return checkAlgorithm(ring.verificationKey(kid) ?? knownKey(await ring.lookUp(kid)), alg);
}

/** Its own, and no other that it could serve as well (RFC 8725 §3.1). */
function checkAlgorithm(key: VerificationKey, alg: unknown): VerificationKey {
  if (alg !== key.algorithm) throw invalidToken("The token's algorithm is not the one of its key");
  return key;
}

function knownKey(key: VerificationKey | undefined): VerificationKey {
  if (key === undefined) throw invalidToken(FOREIGN);
  return key;
}

/**
 * What remains to be checked of an access token whose signature, `iss` and `crit` were verified: its algorithm is the one
 * of its key (RFC 8725 §3.1), its type is an access token's (§3.11), the claims every one has are there, and `exp` is
 * after `now` (epoch ms; RFC 7519 §4.1.4).
 */
export function checkAccessToken(
  header: JoseHeader,
  claims: Record<string, unknown>,
  { ring, now }: { ring: KeyRing; now: number },
): AccessTokenClaims {
  checkAlgorithm(knownKey(ring.verificationKey(String(header.kid))), header.alg); // gone, if it was revoked just now
  if (!ACCESS_TOKEN_TYPES.includes(header.typ)) throw invalidToken("This is not an access token");
  const { sub, jti, iat, exp } = claims;
  const whole =
    [sub, jti].every((claim) => typeof claim === "string" && claim !== "") &&
    [iat, exp].every(Number.isSafeInteger);
  if (!whole) throw invalidToken("The token lacks a claim that every access token has");
  if (now >= (exp as number) * 1000) throw invalidToken("The token has expired");
  return claims as AccessTokenClaims;
}
