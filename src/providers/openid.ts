import { oneLine } from "../shared/text.js";
import { accessTokenFrom, isTrue, subjectFrom, text } from "./claims.js";
import { Discovery, type ProviderMetadata } from "./discovery.js";
import type { Identity } from "./identity.js";
import type { Provider, ProviderDefinition, ProviderSettings, UpstreamResponse } from "./provider.js";
import { type OAuthClient, type Upstream, UpstreamError } from "./upstream.js";

type Claims = Record<string, unknown>;

interface Traits {
  label: string;
  issuer: (settings: ProviderSettings) => string;
  /** Whether the issuer in the discovery document is acceptable. Default: it must equal the configured issuer. */
  acceptsIssuer?: (discovered: string, settings: ProviderSettings) => boolean;
  /** The issuer that an ID token with these (unverified) claims must have. Default: the discovered one. */
  issuerOf?: (discovered: string, claims: Claims) => string;
  emailVerified?: (claims: Claims) => boolean;
  /** How to send the client's credentials, if the provider's discovery document is wrong about it. */
  authentication?: "header" | "body";
  /** Features that the provider lacks, or that must not be used. */
  nonce?: false;
  pkce?: false;
  userinfo?: false;
}

const SCOPE = "openid email profile";

/** A provider that implements OpenID Connect: everything else follows from its issuer's discovery document. */
export const openIdProvider = (traits: Traits): ProviderDefinition => ({
  label: traits.label,
  connect(settings, connectUpstream, clock) {
    const issuer = traits.issuer(settings);
    const upstream = connectUpstream(settings.issuer && new URL(settings.issuer).origin);
    const accepts = (discovered: string): boolean =>
      traits.acceptsIssuer?.(discovered, settings) ?? discovered === issuer;
    return new OpenIdProvider(traits, settings, upstream, new Discovery({ upstream, issuer, accepts, clock }));
  },
});

class OpenIdProvider implements Provider {
  readonly name: string;
  readonly label: string;
  /** One client for each discovery document, because creating one takes longer than using it. */
  readonly #clients = new WeakMap<ProviderMetadata, OAuthClient>();

  constructor(
    private readonly traits: Traits,
    private readonly settings: ProviderSettings,
    private readonly upstream: Upstream,
    private readonly discovery: Discovery,
  ) {
    this.name = settings.name;
    this.label = traits.label;
  }

  authorizationUrl: Provider["authorizationUrl"] = async ({ state, nonce, codeChallenge, redirectUri }) => {
    const { pkce = true } = this.traits;
    return this.#client(await this.discovery.metadata()).authorizeURL({
      redirect_uri: redirectUri, scope: this.settings.scope ?? SCOPE, state, nonce,
      ...(pkce && { code_challenge: codeChallenge, code_challenge_method: "S256" }),
    });
  };

  identify: Provider["identify"] = async (response, { nonce, codeVerifier, redirectUri }) => {
    const { nonce: repeatsNonce = true, pkce = true, issuerOf = (issuer: string) => issuer } = this.traits;
    const metadata = await this.discovery.metadata();
    checkIssuerParameter(response, metadata);
    const answer = await this.#client(metadata).getToken({
      code: response.code, redirect_uri: redirectUri, ...(pkce && { code_verifier: codeVerifier }),
    });
    const idToken = text(answer.id_token);
    if (idToken === null) throw new UpstreamError("untrustworthy", "the token endpoint returned no id_token");
    const claims = await this.upstream.verifyIdToken(idToken, metadata.jwks_uri, {
      issuer: (claimed) => issuerOf(metadata.issuer, claimed),
      audience: this.settings.clientId,
      nonce: repeatsNonce ? nonce : undefined,
    });
    return this.#identity(claims, await this.#userinfo(claims, metadata, answer));
  };

  /** Many providers return the claims of a scope from the userinfo endpoint only (OpenID Connect Core §5.4). */
  async #userinfo(claims: Claims, { userinfo_endpoint: url }: ProviderMetadata, answer: Claims): Promise<Claims> {
    const complete = text(claims.email) !== null && text(claims.name) !== null;
    if (url === undefined || complete || this.traits.userinfo === false) return {};
    const userinfo = await this.upstream.getJson(url, accessTokenFrom(answer), "the userinfo endpoint");
    if (userinfo.sub === claims.sub) return userinfo;
    // OpenID Connect Core §5.3.2: otherwise the response may be about another user.
    throw new UpstreamError("untrustworthy", "the userinfo endpoint returned another user than the id_token");
  }

  #identity(claims: Claims, userinfo: Claims): Identity {
    const { emailVerified = ({ email_verified }: Claims) => isTrue(email_verified) } = this.traits;
    const contact = text(claims.email) === null ? userinfo : claims; // email and email_verified from the same source
    return {
      subject: subjectFrom(claims.sub),
      email: text(contact.email),
      emailVerified: emailVerified(contact),
      name: text(claims.name) ?? text(userinfo.name) ?? text(claims.preferred_username),
      picture: text(claims.picture) ?? text(userinfo.picture),
    };
  }

  #client(metadata: ProviderMetadata): OAuthClient {
    const client = this.#clients.get(metadata) ?? this.#newClient(metadata);
    this.#clients.set(metadata, client);
    return client;
  }

  #newClient({ authorization_endpoint, token_endpoint, ...metadata }: ProviderMetadata): OAuthClient {
    const { clientId, clientSecret } = this.settings;
    const [authorize, token] = [new URL(authorization_endpoint), new URL(token_endpoint)];
    // RFC 8414 §2: the default is HTTP Basic.
    const byHeader = metadata.token_endpoint_auth_methods_supported?.includes("client_secret_basic") ?? true;
    return this.upstream.oauthClient({
      clientId, clientSecret,
      endpoints: {
        authorizeHost: authorize.origin, authorizePath: authorize.pathname + authorize.search,
        tokenHost: token.origin, tokenPath: token.pathname + token.search,
      },
      authentication: this.traits.authentication ?? (byHeader ? "header" : "body"),
    });
  }
}

/** RFC 9207 §2.4: `iss` says which provider sent the response, which prevents mix-up attacks. */
function checkIssuerParameter({ iss }: UpstreamResponse, metadata: ProviderMetadata): void {
  const isRequired = metadata.authorization_response_iss_parameter_supported === true;
  if (iss === undefined ? isRequired : iss !== metadata.issuer) {
    const fault = iss === undefined ? "is missing" : `is "${oneLine(iss)}" instead of "${metadata.issuer}"`;
    throw new UpstreamError("untrustworthy", `the response's iss ${fault}`);
  }
}
