import type { Identity } from "./identity.js";
import type { ConnectUpstream } from "./upstream.js";

/** The operator's settings for one provider. */
export interface ProviderSettings {
  /** Part of the URL (/auth/<name>) and of every subject (<name>|<id>). */
  name: string;
  clientId: string;
  clientSecret: string;
  /** Only for OpenID providers in AUTHFLOW_OIDC_PROVIDERS. */
  issuer?: string | undefined;
  /** Only for Microsoft: a tenant's id or domain, or common, organizations, consumers. */
  tenant?: string | undefined;
  /** Space-separated. */
  scope?: string | undefined;
}

/** The parameters that bind an authorization request to its response. */
export interface UpstreamRequest {
  state: string;
  nonce: string;
  /** RFC 7636 §4.1; the request contains its S256 challenge. */
  codeVerifier: string;
  codeChallenge: string;
  redirectUri: string;
}

/** A successful authorization response (RFC 6749 §4.1.2, RFC 9207). */
export interface UpstreamResponse { code: string; iss?: string | undefined }

/** An enabled upstream identity provider. Both methods reject with UpstreamError. */
export interface Provider {
  readonly name: string;
  /** The name that users see. */
  readonly label: string;
  /** The URL to redirect the browser to. */
  authorizationUrl(request: UpstreamRequest): Promise<string>;
  identify(response: UpstreamResponse, request: UpstreamRequest): Promise<Identity>;
}

export interface ProviderDefinition {
  readonly label: string;
  connect(settings: ProviderSettings, connectUpstream: ConnectUpstream, clock: () => number): Provider;
}
