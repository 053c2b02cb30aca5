/** Seconds by which a provider's clock may differ from ours. */
export const PROVIDER_CLOCK_SKEW = 60;

/** An upstream's token response (RFC 6749 §5.1), unchecked. */
export type TokenAnswer = Record<string, unknown>;

export interface OAuthEndpoints { authorization_endpoint: string; token_endpoint: string }
/** Names of endpoint sets in @fastify/oauth2, for providers that publish no discovery document. */
export type Preset = "GITHUB_CONFIGURATION" | "DISCORD_CONFIGURATION" | "FACEBOOK_CONFIGURATION";

/** How a client authenticates at a token endpoint (OpenID Connect Core §9); "none": a public client. */
export const TOKEN_AUTHENTICATIONS = ["client_secret_basic", "client_secret_post", "none"] as const;
export type TokenAuthentication = (typeof TOKEN_AUTHENTICATIONS)[number];

export interface TokenRequest {
  endpoint: string;
  clientId: string;
  /** Not sent if `authentication` is none. */
  clientSecret: string;
  authentication: TokenAuthentication;
  /** RFC 6749 §4.1.3 and RFC 7636 §4.5, without the client's credentials. */
  parameters: Record<string, string>;
}

export interface IdTokenChecks {
  /** The expected issuer; it may depend on the token's claims (multi-tenant issuers). */
  issuer: (claims: Record<string, unknown>) => string;
  audience: string;
  /** Undefined if the provider returns none. */
  nonce: string | undefined;
}

export interface GetOptions {
  bearerToken?: string | undefined;
  /** Stands for the URL in the log, for URLs that the upstream chose. Default: the URL without its query. */
  name?: string;
  /** How often to ask before the call rejects. Default 1. */
  attempts?: number;
}

/**
 * Network access for a provider. Exchanges are limited in time and size and follow no redirects. Responses are judged
 * by their body, not by their content type; null counts as absent; integers that a number can't hold exactly are texts.
 * All methods that return a promise reject with UpstreamError.
 */
export interface Upstream {
  endpoints(preset: Preset): OAuthEndpoints;
  /** Throws UpstreamError unless the URL is https or has a trusted origin. */
  checkEndpoint(url: string, name: string): void;
  /** A JSON object. */
  getJson(url: string, options?: GetOptions): Promise<Record<string, unknown>>;
  /** A JSON document of any form. */
  getDocument(url: string, options?: GetOptions): Promise<unknown>;
  /** RFC 6749 §4.1.3. */
  requestToken(request: TokenRequest): Promise<TokenAnswer>;
  /** Resolves to the verified claims of an ID token (OpenID Connect Core §3.1.3.7). */
  verifyIdToken(idToken: string, jwksUri: string, checks: IdTokenChecks): Promise<Record<string, unknown>>;
  /** OpenID Connect Core §5.3.2: claims as JSON, or as a signed JWT, which is verified. */
  getUserinfo(
    url: string,
    bearerToken: string,
    jwksUri: string,
    checks: Pick<IdTokenChecks, "issuer" | "audience">,
  ): Promise<Record<string, unknown>>;
  /** Says in the log that something failed which the login can do without. */
  ignore(failure: UpstreamError): void;
}

/** `trustedOrigins`: the only origins that may have a private address, because the operator configured them. */
export type ConnectUpstream = (trustedOrigins?: readonly string[]) => Upstream;

/** Why an upstream's response can't be used. The message is for the log only and must not be sent to clients. */
export class UpstreamError extends Error {
  override readonly name = "UpstreamError";
  constructor(readonly kind: "unreachable" | "untrustworthy" | "foreign", message: string, cause?: unknown) {
    super(message, { cause });
  }
}
