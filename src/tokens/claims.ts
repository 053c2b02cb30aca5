import type { Client } from "../clients/client.js";
import { enforceMintPolicy } from "../clients/mint-policy.js";
import { remedyOfReserved, reservedClaim } from "../shared/claim-names.js";
import { MAX_CLOCK_SKEW } from "../shared/clock.js";
import { invalidRequest, invalidScope } from "../shared/errors.js";
import { isScopeValue } from "../shared/scope.js";
import { characters, isBlank, isPrintable, isPrintableText } from "../shared/text.js";

/** What the platform says about the login that it did (OpenID Connect Core §2). `auth_time` is seconds. */
interface LoginContext { acr?: string; amr?: string[]; auth_time?: number; sid?: string }

export interface MintRequest extends LoginContext {
  sub: string;
  provider?: string;
  email?: string;
  name?: string;
  /** RFC 6749 §3.3 */
  scope?: string;
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
  scope?: string;
  [claim: string]: unknown;
}

/** The claims of a login through a provider: `sub` is `<provider>|<the provider's own id of the user>`. */
export interface IdentityClaims extends Pick<AccessTokenClaims, "email" | "email_verified" | "name" | "picture"> {
  sub: string;
  provider: string;
  /** Further claims of the provider that the operator has chosen. */
  [claim: string]: unknown;
}

/** What a token says besides what every token has. */
export type RequestedClaims =
  LoginContext & Pick<AccessTokenClaims, "sub" | "aud" | "client_id" | "provider" | "email" | "name" | "scope">;

/** What a mint request can have. */
const FIELDS: readonly (keyof MintRequest)[] = [
  "sub", "provider", "email", "name", "scope", "acr", "amr", "auth_time", "sid", "audience", "expires_in",
];
/** The claim `provider` of a token whose request has none. */
const DEFAULT_PROVIDER = "local";
/** Levels of objects and arrays in `claims`. */
const MAX_DEPTH = 8;
const MAX_SUB = 255;

/** Names that change an object's prototype in JavaScript programs which copy them carelessly. */
const UNSAFE_NAMES = new Set(["__proto__", "constructor", "prototype"]);

/**
 * The claims that follow from the request at `now` (epoch ms). Throws invalid_request or invalid_scope if the request
 * is invalid, and access_denied, invalid_target or invalid_scope if the client's policy forbids it. `loginProviders`:
 * those whose subjects are reserved for logins. `fields`: those of the request, for its errors.
 */
export function requestedClaims(
  client: Client,
  request: MintRequest,
  loginProviders: readonly string[],
  now: number,
  fields: readonly string[] = FIELDS,
): RequestedClaims {
  const { sub, provider = DEFAULT_PROVIDER, email, name, scope, acr, amr, auth_time, sid, claims = {} } = request;
  const audience = request.audience === undefined ? null : [request.audience].flat();
  checkTexts({ sub, provider, email, acr, amr, sid, audience });
  if (name !== undefined) checkPrintable("name", name);
  if (characters(sub) > MAX_SUB) throw invalidRequest(`sub must be 1 to ${MAX_SUB} characters`);
  const scopes = scope?.split(" ") ?? [];
  if (!scopes.every(isScopeValue))
    throw invalidScope("scope must be values of ASCII characters except \" and \\, with one space between them");
  if (auth_time !== undefined && auth_time * 1000 > now + MAX_CLOCK_SKEW)
    throw invalidRequest("auth_time must not be in the future: send seconds since 1970");
  checkNames(claims, fields);
  checkJson(claims, "claims", 1);
  const login = given({ acr, amr, auth_time, sid });
  const claimNames = [...Object.keys(login), ...Object.keys(claims)];
  const policed = { sub, provider, audience, scopes, claimNames };
  enforceMintPolicy(client.policy, policed, loginProviders);
  return {
    sub,
    ...audienceClaim(audience ?? client.policy.default_audience),
    client_id: client.id,
    provider,
    ...given({ email, name, scope }),
    ...login,
    ...claims,
  };
}

/** Without the members that are undefined. */
const given = <T extends object>(members: T): T =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as T;

/** RFC 7519 §4.1.3: a single audience is a string, not an array. */
export const audienceClaim = (audience: string[] | null): Pick<AccessTokenClaims, "aud"> =>
  (audience === null ? {} : { aud: audience.length === 1 ? audience[0] : audience });

/** Identifiers: a reader must not take one for an empty text. */
function checkTexts(fields: Record<string, string | string[] | null | undefined>): void {
  for (const [field, texts] of Object.entries(fields)) {
    for (const text of typeof texts === "string" ? [texts] : texts ?? []) {
      checkPrintable(field, text);
      if (isBlank(text)) throw invalidRequest(`${field} must have a visible character`);
    }
  }
}

function checkPrintable(field: string, text: string): void {
  if (!isPrintable(text))
    throw invalidRequest(`${field} must not hold control characters or bidirectional overrides`);
}

function checkNames(claims: Record<string, unknown>, fields: readonly string[]): void {
  for (const name of Object.keys(claims)) {
    const reserved = reservedClaim(name);
    if (reserved === undefined) continue;
    const shown = isPrintable(name) ? `claims.${name}` : "A member of claims";
    const fault = reserved === name ? "is a reserved name" : `may be read as the reserved name ${reserved}`;
    throw invalidRequest(`${shown} ${fault}: ${remedyOfReserved(reserved, fields)}`);
  }
}

function checkJson(value: unknown, path: string, depth: number): void {
  if (typeof value === "string" && !isPrintableText(value))
    throw invalidRequest(`${path} must not hold control characters or bidirectional overrides`);
  if (typeof value !== "object" || value === null) return;
  if (depth > MAX_DEPTH) throw invalidRequest(`claims must not nest deeper than ${MAX_DEPTH} levels`);
  for (const [name, inner] of Object.entries(value)) {
    if (UNSAFE_NAMES.has(name)) throw invalidRequest(`${path} must not have a member named ${name}`);
    if (isBlank(name) || !isPrintable(name)) {
      throw invalidRequest(`${path} must not have a member whose name is empty or invisible, or holds control ` +
        "characters or bidirectional overrides");
    }
    checkJson(inner, `${path}.${name}`, depth + 1);
  }
}
