/**
 * What a client may put into its tokens. A list that is null is no limit: but see src/clients/scope-policy.ts for the
 * standard endpoints.
 */
export interface MintPolicy {
  /** Values of `provider`; also the providers through which its users may log in. */
  providers: string[] | null;
  /** A subject must begin with one of them. */
  subject_prefixes: string[] | null;
  audiences: string[] | null;
  /** The aud of a token whose request has no audience; null: no aud. */
  default_audience: string[] | null;
  /** Audiences whose tokens have the type at+jwt (RFC 9068 §2.1), not JWT; null: none. */
  at_jwt_audiences: string[] | null;
  /** Values of a requested scope (RFC 6749 §3.3). */
  scopes: string[] | null;
  /** The scopes that a token for one of these audiences may have beside OpenID Connect's; others are not limited. */
  audience_scopes: Record<string, string[]> | null;
  /** Names of additional claims, and of claims about the login: acr, amr, auth_time, sid. */
  claim_names: string[] | null;
  /** Seconds; null: the deployment's AUTHFLOW_TOKEN_TTL_MAX. */
  max_ttl: number | null;
  /** Whether its tokens have a status; null: as AUTHFLOW_STATUS_LISTS says. */
  status_list: boolean | null;
  /** Lifetimes of its refresh tokens in seconds: of all that follow from one login, and of one that is not used. */
  refresh_ttl: number | null;
  refresh_idle_ttl: number | null;
  /** The platform's own login page for its users; null: the deployment's, if there is one. */
  login_url: string | null;
  /** Whether its authorization requests need a code_challenge (RFC 7636); null: as the deployment says. */
  require_pkce: boolean | null;
  /** Whether its ID tokens have the user's claims too, not userinfo only; null: no (OpenID Connect Core §5.4). */
  id_token_claims: boolean | null;
}

export const PERMISSIVE: MintPolicy = Object.freeze({
  providers: null, subject_prefixes: null, audiences: null, default_audience: null, at_jwt_audiences: null,
  scopes: null, audience_scopes: null, claim_names: null, max_ttl: null, status_list: null,
  refresh_ttl: null, refresh_idle_ttl: null, login_url: null, require_pkce: null,
  id_token_claims: null,
});

/** What a login returns to the application (RFC 6749 §3.1.1): the token itself, or a code for it. */
export const RESPONSE_TYPES = ["token", "code"] as const;
export type ResponseType = (typeof RESPONSE_TYPES)[number];

/**
 * What a client may do. `own`: with tokens that it was issued, for `introspect` also with those that name it in `aud`.
 * `any`: with every token. `authenticate`: it says who logged in at the platform's own login page.
 */
export const PERMISSIONS = [
  "mint", "login", "introspect:own", "introspect:any", "feed", "revoke:own", "revoke:any", "authenticate",
] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** What a client may send to POST /token (RFC 7591 §2). */
export const GRANT_TYPES = ["authorization_code", "refresh_token", "client_credentials"] as const;
export type GrantType = (typeof GRANT_TYPES)[number];

/**
 * How a client authenticates (RFC 7591 §2, OpenID Connect Core §9). `none`: it is public, and has no secret, because it
 * can't keep one (RFC 6749 §2.1): a page in a browser, a mobile application.
 */
export const AUTH_METHODS = ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"] as const;
export type AuthMethod = (typeof AUTH_METHODS)[number];

/** SHA-256 of a client secret (base64url), and the instant (epoch ms) when it expires; null: it does not expire. */
export interface StoredSecret { hash: string; expiresAt: number | null }

/** A client's id and one of its secrets. */
export interface ClientCredentials { id: string; secret: string }

/** Public keys (RFC 7517 §5). */
export interface ClientJwks { keys: Record<string, unknown>[] }

export interface Client {
  /** UUIDv7: sorts in the order of registration, so that it can be the cursor of a list. */
  id: string;
  name: string;
  /** For the pages of a login; null if there is none. */
  logoUri: string | null;
  redirectUris: string[];
  secrets: StoredSecret[];
  authMethod: AuthMethod;
  grantTypes: GrantType[];
  /** Its public keys (RFC 7517 §5), or where they stand; for private_key_jwt. */
  jwks: ClientJwks | null;
  jwksUri: string | null;
  /** id_token_signed_response_alg, if it named one. */
  idTokenAlg: string | null;
  /** Nobody whom the operator trusts registered it: its users are asked for their consent. */
  isSelfRegistered: boolean;
  /** The response types that it may request at a login; the first one is the default. */
  responseTypes: ResponseType[];
  /** In the order of PERMISSIONS. */
  permissions: Permission[];
  /** When they were last changed (epoch ms). */
  permissionsSince: number;
  policy: MintPolicy;
  disabled: boolean;
  /** When it is deleted (epoch ms), unless a user of it logs in before; null: it stays. */
  expiresAt: number | null;
  /** The installation's client revision at this client's latest change. */
  revision: number;
  /** Epoch ms. */
  createdAt: number;
  /** Epoch ms. */
  updatedAt: number;
}

export type NewClient = Omit<Client, "revision">;
export type ClientChange =
  Partial<Omit<Client, "id" | "authMethod" | "permissionsSince" | "revision" | "createdAt" | "updatedAt">>;
