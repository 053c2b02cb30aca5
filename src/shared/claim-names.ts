import { folded } from "./text.js";

/** What a platform may say about the login that it did (OpenID Connect Core §2): a mint request has fields for them. */
const LOGIN_CLAIMS = ["acr", "amr", "auth_time", "sid"] as const;
export const isLoginClaim = (name: string): boolean => LOGIN_CLAIMS.some((claim) => claim === name);

/** What every token says of itself: nobody else sets it. */
const OF_EVERY_TOKEN = ["iss", "iat", "jti", "client_id", "status"] as const;
/** What requests have fields for; of `email_verified` and `picture`, only those that say who logged in. */
const OF_REQUESTS = [
  "sub", "aud", "exp", "provider", "email", "email_verified", "name", "picture", "scope", ...LOGIN_CLAIMS,
] as const;
/** The fields that have another name than their claims. */
const FIELDS: Readonly<Record<string, string>> = { aud: "audience", exp: "expires_in" };

/**
 * Claims that Authflow or a standard defines: RFC 7519 §4.1, RFC 9068 §2.2, RFC 7800, RFC 8693 §4, OpenID Connect Core
 * §2 (and of §5.1 those that Authflow sets), OpenID Connect Back-Channel Logout, Token Status List.
 */
export const RESERVED_CLAIMS = [
  ...OF_EVERY_TOKEN, ...OF_REQUESTS,
  "nbf", "cnf", "act", "may_act", "azp", "nonce", "at_hash", "c_hash", "events", "typ",
] as const;

const BY_FOLDED_NAME = new Map<string, string>(RESERVED_CLAIMS.map((name) => [folded(name), name]));

/**
 * The reserved claim for which a reader may take this name; undefined if there is none. Go's encoding/json, for
 * example, ignores case: it would fill the field of `sub` from a claim `SUB`.
 */
export const reservedClaim = (name: string): string | undefined => BY_FOLDED_NAME.get(folded(name));

/** The one of the `fields` of a request that sets this claim. */
export function fieldOfClaim(claim: string, fields: readonly string[]): string | undefined {
  const field = Object.hasOwn(FIELDS, claim) ? FIELDS[claim] : claim;
  return fields.find((one) => one === field);
}

/** What to do about a reserved claim in a request with these `fields`. */
export function remedyOfReserved(claim: string, fields: readonly string[]): string {
  const field = fieldOfClaim(claim, fields);
  if (field !== undefined) return `use the field ${field}`;
  const isOurs = [...OF_EVERY_TOKEN, ...OF_REQUESTS].some((one) => one === claim);
  return `${isOurs ? "only Authflow sets it" : "verifiers would believe it"}, so leave it out`;
}
