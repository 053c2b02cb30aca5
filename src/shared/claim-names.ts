import { folded } from "./text.js";

/** What a platform may say about the login that it did (OpenID Connect Core §2): a mint request has fields for them. */
const LOGIN_CLAIMS = ["acr", "amr", "auth_time", "sid"] as const;
export const isLoginClaim = (name: string): boolean => LOGIN_CLAIMS.some((claim) => claim === name);

/**
 * Claims that Authflow or a standard defines: RFC 7519 §4.1, RFC 9068 §2.2, RFC 7800, RFC 8693 §4, OpenID Connect Core
 * §2 (and of §5.1 those that Authflow sets), OpenID Connect Back-Channel Logout, Token Status List.
 */
export const RESERVED_CLAIMS = [
  "iss", "sub", "aud", "exp", "nbf", "iat", "jti",
  "client_id", "provider", "email", "email_verified", "name", "picture",
  "scope", ...LOGIN_CLAIMS,
  "cnf", "act", "may_act", "azp", "nonce", "at_hash", "c_hash", "events", "status", "typ",
] as const;

const BY_FOLDED_NAME = new Map<string, string>(RESERVED_CLAIMS.map((name) => [folded(name), name]));

/**
 * The reserved claim for which a reader may take this name; undefined if there is none. Go's encoding/json, for
 * example, ignores case: it would fill the field of `sub` from a claim `SUB`.
 */
export const reservedClaim = (name: string): string | undefined => BY_FOLDED_NAME.get(folded(name));
