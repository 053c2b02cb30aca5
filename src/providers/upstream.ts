/** RFC 6749 §5.1, as an upstream answers it: nothing in it has been checked. */
export type TokenAnswer = Record<string, unknown>;

/** An OAuth 2.0 client at an upstream's endpoints. */
export interface OAuthClient {
  authorizeURL(parameters: Record<string, string>): string;
  /** Rejects with UpstreamError. */
  getToken(parameters: Record<string, string>): Promise<TokenAnswer>;
}

export interface OAuthEndpoints { authorizeHost: string; authorizePath: string; tokenHost: string; tokenPath: string }
/** The names under which the OAuth library knows the endpoints of providers that publish no discovery document. */
export type Preset = "GITHUB_CONFIGURATION" | "DISCORD_CONFIGURATION" | "FACEBOOK_CONFIGURATION";

export interface OAuthClientOptions {
  clientId: string;
  clientSecret: string;
  endpoints: OAuthEndpoints | Preset;
  /** RFC 6749 §2.3.1: HTTP Basic, or the body for providers that read nothing else. */
  authentication: "header" | "body";
}

export interface IdTokenChecks {
  /** The issuer to expect; may depend on what the token claims (multi-tenant issuers). */
  issuer: (claims: Record<string, unknown>) => string;
  audience: string;
  /** Undefined: the provider is known not to repeat it. */
  nonce: string | undefined;
}

/**
 * What a provider needs of the network. Everything is bounded in time and size, and follows no redirect. `name` is what
 * the log calls a URL that the upstream chose: by default the URL itself stands there.
 */
export interface Upstream {
  /** Throws UpstreamError unless the URL is https, or lies at the trusted origin. */
  checkEndpoint(url: string, name: string): void;
  /** A JSON object. Rejects with UpstreamError. */
  getJson(url: string, bearerToken?: string, name?: string): Promise<Record<string, unknown>>;
  /** A JSON document of any form. Rejects with UpstreamError. */
  getDocument(url: string, bearerToken?: string, name?: string): Promise<unknown>;
  oauthClient(options: OAuthClientOptions): OAuthClient;
  /** Resolves to the verified claims of an ID token (OpenID Connect Core §3.1.3.7). Rejects with UpstreamError. */
  verifyIdToken(idToken: string, jwksUri: string, checks: IdTokenChecks): Promise<Record<string, unknown>>;
}

/** `trustedOrigin`: the only place that may have a private address, because the operator named it. */
export type ConnectUpstream = (trustedOrigin?: string) => Upstream;

/** Why an upstream's answer is of no use. The message is for the log and may not leave the service. */
export class UpstreamError extends Error {
  override readonly name = "UpstreamError";
  constructor(readonly kind: "unreachable" | "untrustworthy", message: string, cause?: unknown) {
    super(message, { cause });
  }
}
