import type { Client } from "../clients/client.js";
import { scopesAt } from "../clients/scope-policy.js";
import { CLAIMS_OF_SCOPE } from "../shared/standard-scopes.js";
import { isPrintable } from "../shared/text.js";
import { audienceClaim, type IdentityClaims, type RequestedClaims } from "./claims.js";

/** What a user has authorized a client for at /authorize. All tokens that follow from it say what stands here. */
export interface Authorized {
  /** What the provider said about the user, with the subject. */
  claims: IdentityClaims;
  /** The session's id. */
  sid: string;
  /** When the user logged in, seconds since 1970. */
  authTime: number;
  /** How the user logged in, where the provider says it (OpenID Connect Core §2). */
  acr?: string | undefined;
  amr?: string[] | undefined;
  scopes: string[];
  /** The audiences that the client named (RFC 8707); empty: its default. */
  resources: string[];
  /** Names of single claims that the client asked for (OpenID Connect Core §5.5). */
  wanted: { userinfo: string[]; idToken: string[] };
  /** Of the authorization request. */
  nonce?: string | undefined;
}

/** What a client asks for when it redeems an authorization: a part of it. */
export interface Part { scopes?: string[] | undefined; resources?: string[] | undefined }

const BOUND_TO_SCOPE = new Set(Object.values(CLAIMS_OF_SCOPE).flat());

/** What a token or userinfo may say about the user: `wanted` are single claims beside those of the scopes. */
function userClaims(
  { sub: _sub, provider: _provider, ...claims }: IdentityClaims,
  scopes: readonly string[],
  wanted: readonly string[],
): Record<string, unknown> {
  const allowed = new Set([...scopes.flatMap((scope) => CLAIMS_OF_SCOPE[scope] ?? []), ...wanted]);
  return Object.fromEntries(Object.entries(claims)
    .filter(([name, value]) => value !== undefined && (allowed.has(name) || !BOUND_TO_SCOPE.has(name))));
}

/** What a token of the standard endpoints says about its client and what it is for (RFC 9068 §2.2). */
export function grantedClaims(
  { id, policy }: Client,
  scopes: readonly string[],
  resources: string[],
): Pick<RequestedClaims, "aud" | "client_id" | "scope"> {
  const allowed = scopesAt(policy, scopes, resources);
  return {
    ...audienceClaim(resources.length > 0 ? resources : policy.default_audience),
    client_id: id,
    ...(allowed.length > 0 && { scope: allowed.join(" ") }),
  };
}

/** The payload of an access token (RFC 9068 §2.2) without what every token has. */
export function accessTokenClaims(client: Client, authorized: Authorized, part: Part): RequestedClaims {
  const { claims, sid, authTime, acr, amr, wanted } = authorized;
  const { scopes = authorized.scopes, resources = authorized.resources } = part;
  const granted = grantedClaims(client, scopes, resources);
  return {
    sub: claims.sub,
    ...granted,
    provider: claims.provider,
    sid,
    auth_time: authTime,
    ...(acr !== undefined && isPrintable(acr) && { acr }),
    ...(amr !== undefined && { amr }),
    ...userClaims(claims, granted.scope?.split(" ") ?? [], wanted.userinfo),
  };
}

/** The payload of an ID token (OpenID Connect Core §2) without iss, iat, exp, nonce and at_hash. */
export function idTokenClaims(
  client: Client,
  authorized: Authorized,
  scopes: readonly string[],
): Record<string, unknown> {
  const { claims, sid, authTime, acr, amr, wanted } = authorized;
  // The claims of scopes are userinfo's where there is an access token (OpenID Connect Core §5.4).
  const hasUserClaims = client.policy.id_token_claims === true;
  return {
    ...userClaims(claims, hasUserClaims ? scopes : [], wanted.idToken),
    sub: claims.sub,
    aud: client.id,
    azp: client.id,
    auth_time: authTime,
    ...(acr !== undefined && { acr }),
    ...(amr !== undefined && { amr }),
    sid,
  };
}
