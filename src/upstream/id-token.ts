import { errors } from "jose";
import { idText, quotable } from "../providers/claims.js";
import { type IdTokenChecks, PROVIDER_CLOCK_SKEW, UpstreamError } from "../providers/upstream.js";
import { isObject, parseJson } from "./json.js";
import type { KeySet } from "./keys.js";

type Claims = Record<string, unknown>;

/** The greatest age of a new ID token in seconds. */
const MAX_AGE = 3600;

/** OpenID Connect Core §3.1.3.7. `now`: epoch milliseconds. Rejects with UpstreamError. */
export async function verifyIdToken(idToken: string, keys: KeySet, checks: IdTokenChecks, now: number) {
  const claims = await verifiedClaims("id_token", idToken, keys);
  check("id_token", [
    ...partyFaults(claims, checks, true),
    ...timeFaults(claims, now / 1000, true),
    [idText(claims.sub) === null, "has no sub"],
    [checks.nonce !== undefined && claims.nonce !== checks.nonce, "nonce is not the one of this login"],
  ]);
  return claims;
}

/** OpenID Connect Core §5.3.2: a signed response should have iss and aud. Rejects with UpstreamError. */
export async function verifyUserinfo(
  jwt: string,
  keys: KeySet,
  checks: Pick<IdTokenChecks, "issuer" | "audience">,
  now: number,
): Promise<Claims> {
  const claims = await verifiedClaims("userinfo", jwt, keys);
  check("userinfo", [...partyFaults(claims, checks, false), ...timeFaults(claims, now / 1000, false)]);
  return claims;
}

async function verifiedClaims(kind: string, jwt: string, keys: KeySet): Promise<Claims> {
  const payload = await keys.verify(jwt).catch((error: unknown) => {
    throw error instanceof UpstreamError ? error
      : new UpstreamError("untrustworthy", `${kind}: ${signatureFault(error as Error)}`);
  });
  const claims = parseJson(payload);
  if (isObject(claims)) return claims;
  throw new UpstreamError("untrustworthy", `${kind}: its payload is not a JSON object`);
}

type Fault = [broken: boolean, message: string];

function check(kind: string, faults: Fault[]): void {
  const found = faults.find(([broken]) => broken);
  if (found !== undefined) throw new UpstreamError("untrustworthy", `${kind}: ${found[1]}`);
}

/** `required`: whether the claims must be there. */
function partyFaults(claims: Claims, { issuer, audience }: Omit<IdTokenChecks, "nonce">, required: boolean): Fault[] {
  const { iss, aud, azp } = claims;
  const isAbsent = (claim: unknown): boolean => claim === undefined && !required;
  const expected = isAbsent(iss) ? undefined : issuer(claims);
  const audiences = [aud].flat();
  return [
    [iss !== expected, `iss is ${shown(iss)}, but the provider is ${shown(expected)}`],
    [!isAbsent(aud) && !audiences.includes(audience), "aud does not name our client id"],
    // OpenID Connect Core §2: azp names the client to which a token with several audiences was issued.
    [azp !== undefined && azp !== audience, "azp names another client"],
    [required && audiences.length > 1 && azp === undefined, "several audiences and no azp"],
  ];
}

function timeFaults({ exp, iat, nbf }: Claims, now: number, required: boolean): Fault[] {
  const isNumber = (claim: unknown, mustBeThere: boolean): boolean =>
    claim === undefined ? !mustBeThere : Number.isFinite(claim);
  return [
    [!isNumber(exp, required) || !isNumber(iat, required) || !isNumber(nbf, false), "exp, iat or nbf is not a number"],
    [Number(exp) <= now - PROVIDER_CLOCK_SKEW, "exp is in the past"],
    [Number(iat) > now + PROVIDER_CLOCK_SKEW, "iat is in the future: compare the clocks"],
    [required && Number(iat) < now - MAX_AGE - PROVIDER_CLOCK_SKEW, "iat is more than an hour ago"],
    [Number(nbf) > now + PROVIDER_CLOCK_SKEW, "nbf is in the future: compare the clocks"],
  ];
}

const shown = (value: unknown): string => (typeof value === "string" ? `"${quotable(value, 200)}"` : "absent");

/** A message of our own: those of the libraries repeat parts of the token and of the provider's keys. */
function signatureFault(error: Error): string {
  if (error instanceof errors.JWSSignatureVerificationFailed) return "the signature is wrong";
  if (error instanceof errors.JWKSNoMatchingKey) return "the provider's key set lacks the key that signed it";
  if (error instanceof errors.JOSEAlgNotAllowed) return "it is not signed with RS, PS, ES or EdDSA";
  return error instanceof errors.JOSEError ? error.code : `the provider's key can't be used (${error.name})`;
}
