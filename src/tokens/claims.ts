import type { Client } from "../clients/client.js";
import { enforceMintPolicy } from "../clients/mint-policy.js";
import { invalidRequest } from "../shared/errors.js";
import { characters, isPrintable } from "../shared/text.js";

export interface MintRequest {
  sub: string;
  provider?: string;
  email?: string;
  name?: string;
  claims?: Record<string, unknown>;
  audience?: string | string[];
  /** Seconds. */
  expires_in?: number;
}

/** An access token's payload (RFC 7519 §4.1, RFC 9068 §2.2, and Authflow's own claims). `iat` and `exp` are seconds. */
export interface AccessTokenClaims {
  iss: string;
  sub: string;
  aud?: string | string[];
  /** Absent only in tokens that another service issued with a key that was imported. */
  client_id?: string;
  provider?: string;
  jti: string;
  iat: number;
  exp: number;
  email?: string;
  email_verified?: boolean;
  name?: string;
  picture?: string;
  [claim: string]: unknown;
}

/** The claims of a login through a provider: `sub` is `<provider>|<the provider's own id of the user>`. */
export interface IdentityClaims extends Pick<AccessTokenClaims, "email" | "email_verified" | "name" | "picture"> {
  sub: string;
  provider: string;
}

export type RequestedClaims = Pick<AccessTokenClaims, "sub" | "aud" | "client_id" | "provider" | "email" | "name">;

/** The claim `provider` of a token whose request has none. */
const DEFAULT_PROVIDER = "local";
/** Levels of objects and arrays in `claims`. */
const MAX_DEPTH = 8;
const MAX_SUB = 255;

/**
 * Claims that a client may not set, because Authflow or a standard defines their meaning: RFC 7519 §4.1, RFC 9068 §2.2,
 * RFC 7800, RFC 8693 §4, OpenID Connect Core §2 (and of §5.1 those that Authflow sets), OpenID Connect Back-Channel
 * Logout, Token Status List.
 */
const RESERVED = new Set([
  "iss",
  "sub",
  "aud",
  "exp",
  "nbf",
  "iat",
  "jti",
  "client_id",
  "provider",
  "email",
  "email_verified",
  "name",
  "picture",
  "scope",
  "cnf",
  "act",
  "may_act",
  "azp",
  "nonce",
  "auth_time",
  "acr",
  "amr",
  "at_hash",
  "c_hash",
  "sid",
  "events",
  "status",
  "typ",
]);
/** Names that change an object's prototype in JavaScript programs which copy them carelessly. */
const UNSAFE_NAMES = new Set(["__proto__", "constructor", "prototype"]);

/**
 * The claims that follow from the request. Throws invalid_request if the request is invalid, and access_denied or
 * invalid_target if the client's policy forbids it. `loginProviders`: those whose subjects are reserved for logins.
 */
export function requestedClaims(
  client: Client,
  request: MintRequest,
  loginProviders: readonly string[],
): RequestedClaims {
  const { sub, provider = DEFAULT_PROVIDER, email, name, claims = {} } = request;
  for (const [field, text] of Object.entries({ sub, provider, email, name })) {
    if (text !== undefined && !isPrintable(text))
      throw invalidRequest(`${field} must not hold control characters or bidirectional overrides`);
  }
  if (sub === "" || characters(sub) > MAX_SUB) throw invalidRequest(`sub must be 1 to ${MAX_SUB} characters`);
  const claimNames = Object.keys(claims);
  for (const claim of claimNames) {
    if (RESERVED.has(claim))
      throw invalidRequest(`claims.${claim} is set by Authflow and can't be overridden: choose another name`);
  }
  checkJson(claims, "claims", 1);
  const audience = request.audience === undefined ? null : [request.audience].flat();
  if (audience?.some((one) => !isPrintable(one))) {
    throw invalidRequest("audience must not hold control characters or bidirectional overrides");
  }
  enforceMintPolicy(client.policy, { sub, provider, audience, claimNames }, loginProviders);
  return {
    sub,
    ...audienceClaim(audience ?? client.policy.default_audience),
    client_id: client.id,
    provider,
    ...(email === undefined ? {} : { email }),
    ...(name === undefined ? {} : { name }),
    ...claims,
  };
}

/** RFC 7519 §4.1.3: a single audience is a string, not an array. */
export const audienceClaim = (audience: string[] | null): Pick<AccessTokenClaims, "aud"> =>
  (audience === null ? {} : { aud: audience.length === 1 ? audience[0] : audience });

function checkJson(value: unknown, path: string, depth: number): void {
  if (value === Infinity || value === -Infinity) throw invalidRequest(`${path} is too large a number: send it as text`);
  if (typeof value !== "object" || value === null) return;
  if (depth > MAX_DEPTH) throw invalidRequest(`claims must not nest deeper than ${MAX_DEPTH} levels`);
  for (const [name, inner] of Object.entries(value)) {
    if (UNSAFE_NAMES.has(name)) throw invalidRequest(`${path} must not have a member named ${name}`);
    checkJson(inner, `${path}.${name}`, depth + 1);
  }
}
