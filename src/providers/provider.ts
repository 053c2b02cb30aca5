import type { Identity } from "./identity.js";
import type { ConnectUpstream } from "./upstream.js";

/** What the operator set for one provider. */
export interface ProviderSettings {
  /** Part of the URL (/auth/<name>) and of every subject (<name>|<id>). */
  name: string;
  clientId: string;
  clientSecret: string;
  /** OpenID providers that are known by their issuer only. */
  issuer?: string | undefined;
  /** Microsoft: a tenant's id or domain, or common, organizations, consumers. */
  tenant?: string | undefined;
  /** Space-separated. */
  scope?: string | undefined;
}

/** What ties an authorization request to its response. */
export interface UpstreamRequest {
  state: string;
  nonce: string;
  /** RFC 7636 §4.1; its S256 challenge goes into the request. */
  codeVerifier: string;
  codeChallenge: string;
  redirectUri: string;
}

/** The successful response to it (RFC 6749 §4.1.2, RFC 9207). */
export interface UpstreamResponse { code: string; iss?: string | undefined }

/** An upstream identity provider that is switched on. Both methods reject with UpstreamError. */
export interface Provider {
  readonly name: string;
  /** What people call it. */
  readonly label: string;
  /** Where to send the browser. */
  authorizationUrl(request: UpstreamRequest): Promise<string>;
  identify(response: UpstreamResponse, request: UpstreamRequest): Promise<Identity>;
}

export interface ProviderDefinition {
  readonly label: string;
  connect(settings: ProviderSettings, connectUpstream: ConnectUpstream, clock: () => number): Provider;
}
