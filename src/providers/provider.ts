import type { ClaimMap } from "./claim-map.js";
import type { Identity } from "./identity.js";
import type { LoginHints } from "./login-hints.js";
import type { ConnectUpstream, TokenAuthentication } from "./upstream.js";

/** The operator's settings for one provider. */
export interface ProviderSettings {
  /** Part of the URL (/auth/<name>) and of every subject (<name>|<id>). */
  name: string;
  clientId: string;
  /** Empty for a public client, and for Apple. */
  clientSecret: string;
  /** Only for OpenID providers in AUTHFLOW_OIDC_PROVIDERS. */
  issuer?: string | undefined;
  /** Where the discovery document stands, if not below the issuer. */
  discoveryUrl?: string | undefined;
  /** Default: as the discovery document says. */
  tokenAuthentication?: TokenAuthentication | undefined;
  /** Only for Microsoft: a tenant's id or domain, or common, organizations, consumers. */
  tenant?: string | undefined;
  /** Only for Apple. */
  signingKey?: AppleKey | undefined;
  /** Space-separated. */
  scope?: string | undefined;
  /** Further parameters of the authorization request. They replace those of the application. */
  authorizationParameters?: Readonly<Record<string, string>> | undefined;
  claims?: ClaimMap | undefined;
  /** Only for the platform's own login page: its URL, and the name that users see. */
  loginPage?: string | undefined;
  label?: string | undefined;
}

/** The key by which a client proves itself to Apple. `privateKey` is PEM. */
export interface AppleKey { teamId: string; keyId: string; privateKey: string }

/** The parameters that bind an authorization request to its response. */
export interface UpstreamRequest {
  state: string;
  nonce: string;
  /** RFC 7636 §4.1; the request contains its S256 challenge. */
  codeVerifier: string;
  codeChallenge: string;
  redirectUri: string;
  /** What the application passes on. */
  hints: LoginHints;
  /** When the login began and when it ends, epoch milliseconds. */
  startedAt: number;
  expiresAt: number;
  asked: Asked;
}

/** Who asks for what, for the platform's own login page. */
export interface Asked {
  clientId: string;
  /** The client's own login page; null: that of the deployment. */
  loginPage: string | null;
  scopes: string[];
  /** RFC 8707 */
  resources: string[];
}

/** A successful authorization response (RFC 6749 §4.1.2, RFC 9207). `user`: Apple's, at a user's first login. */
export interface UpstreamResponse { code: string; iss?: string | undefined; user?: string | undefined }

/** An enabled upstream identity provider. Its methods reject with UpstreamError. */
export interface Provider {
  readonly name: string;
  /** The name that users see. */
  readonly label: string;
  /** The URL to redirect the browser to. */
  authorizationUrl(request: UpstreamRequest): Promise<string>;
  /** Checks that a response, which may also be an error, is this provider's. Absent if its responses can't show it. */
  checkOrigin?(response: Pick<UpstreamResponse, "iss"> & { code?: string | undefined }): Promise<void>;
  identify(response: UpstreamResponse, request: UpstreamRequest): Promise<Identity>;
}

/** For developers and operators: without a provider nobody can log in. */
export const NO_PROVIDER = "No provider is switched on: set AUTHFLOW_LOGIN_URL, AUTHFLOW_OIDC_PROVIDERS, or " +
  "GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET or those of another provider (docs/providers)";

export interface ProviderDefinition {
  readonly label: string;
  connect(settings: ProviderSettings, connectUpstream: ConnectUpstream, clock: () => number): Provider;
}
