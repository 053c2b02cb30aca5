/** An upstream's token response (RFC 6749 §5.1), unchecked. */
export type TokenAnswer = Record<string, unknown>;

/** An OAuth 2.0 client at an upstream's endpoints. */
export interface OAuthClient {
  authorizeURL(parameters: Record<string, string>): string;
  /** Rejects with UpstreamError. */
  getToken(parameters: Record<string, string>): Promise<TokenAnswer>;
}

export interface OAuthEndpoints { authorizeHost: string; authorizePath: string; tokenHost: string; tokenPath: string }
/** Names of endpoint sets in @fastify/oauth2, for providers that publish no discovery document. */
export type Preset = "GITHUB_CONFIGURATION" | "DISCORD_CONFIGURATION" | "FACEBOOK_CONFIGURATION";

export interface OAuthClientOptions {
  clientId: string;
  clientSecret: string;
  endpoints: OAuthEndpoints | Preset;
  /** RFC 6749 §2.3.1: HTTP Basic, or the body for providers that accept nothing else. */
  authentication: "header" | "body";
}

export interface IdTokenChecks {
  /** The expected issuer; it may depend on the token's claims (multi-tenant issuers). */
  issuer: (claims: Record<string, unknown>) => string;
  audience: string;
  /** Undefined if the provider returns none. */
  nonce: string | undefined;
}

/**
 * Network access for a provider. Requests are limited in time and size and follow no redirects. `name` stands for the
 * URL in the log, for URLs that the upstream chose; default: the URL without its query.
 */
export interface Upstream {
  /** Throws UpstreamError unless the URL is https or has the trusted origin. */
  checkEndpoint(url: string, name: string): void;
  /** A JSON object. Rejects with UpstreamError. */
  getJson(url: string, bearerToken?: string, name?: string): Promise<Record<string, unknown>>;
  /** A JSON document of any form. Rejects with UpstreamError. */
  getDocument(url: string, bearerToken?: string, name?: string): Promise<unknown>;
  oauthClient(options: OAuthClientOptions): OAuthClient;
  /** Resolves to the verified claims of an ID token (OpenID Connect Core §3.1.3.7). Rejects with UpstreamError. */
  verifyIdToken(idToken: string, jwksUri: string, checks: IdTokenChecks): Promise<Record<string, unknown>>;
}

/** `trustedOrigin`: the only origin that may have a private address, because the operator configured it. */
export type ConnectUpstream = (trustedOrigin?: string) => Upstream;

/** Why an upstream's response can't be used. The message is for the log only and must not be sent to clients. */
export class UpstreamError extends Error {
  override readonly name = "UpstreamError";
  constructor(readonly kind: "unreachable" | "untrustworthy", message: string, cause?: unknown) {
    super(message, { cause });
  }
}
