import { accessTokenFrom, isTrue, subjectFrom, text } from "./claims.js";
import { Discovery, type ProviderMetadata } from "./discovery.js";
import type { Identity } from "./identity.js";
import type { Provider, ProviderDefinition, ProviderSettings, UpstreamResponse } from "./provider.js";
import { type OAuthClient, type Upstream, UpstreamError } from "./upstream.js";

type Claims = Record<string, unknown>;

interface Traits {
  label: string;
  issuer: (settings: ProviderSettings) => string;
  /** Whether the issuer that the discovery document names is right: by default it is the one asked. */
  acceptsIssuer?: (discovered: string, settings: ProviderSettings) => boolean;
  /** The issuer that an ID token with these (unverified) claims must have: by default the discovered one. */
  issuerOf?: (discovered: string, claims: Claims) => string;
  emailVerified?: (claims: Claims) => boolean;
  /** How the provider wants to see the client's credentials, where its discovery document is not to be believed. */
  authentication?: "header" | "body";
  /** What the provider does not do although OpenID Connect has it. */
  nonce?: false;
  pkce?: false;
  userinfo?: false;
}

const SCOPE = "openid email profile";

/** A provider that speaks OpenID Connect: everything about it follows from its issuer's discovery document. */
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
  /** A client is made once for each discovery document: to make one costs more than to use it. */
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
    if (idToken === null) throw new UpstreamError("untrustworthy", "the token endpoint gave no id_token");
    const claims = await this.upstream.verifyIdToken(idToken, metadata.jwks_uri, {
      issuer: (claimed) => issuerOf(metadata.issuer, claimed),
      audience: this.settings.clientId,
      nonce: repeatsNonce ? nonce : undefined,
    });
    return this.#identity(claims, await this.#userinfo(claims, metadata, answer));
  };

  /** Many providers keep what the scopes stand for out of the ID token (OpenID Connect Core §5.4). */
  async #userinfo(claims: Claims, { userinfo_endpoint: url }: ProviderMetadata, answer: Claims): Promise<Claims> {
    const complete = text(claims.email) !== null && text(claims.name) !== null;
    if (url === undefined || complete || this.traits.userinfo === false) return {};
    const userinfo = await this.upstream.getJson(url, accessTokenFrom(answer), "the userinfo endpoint");
    if (userinfo.sub === claims.sub) return userinfo;
    // §5.3.2: it may be about somebody else.
    throw new UpstreamError("untrustworthy", "the userinfo endpoint speaks of another user than the id_token");
  }

  #identity(claims: Claims, userinfo: Claims): Identity {
    const { emailVerified = ({ email_verified }: Claims) => isTrue(email_verified) } = this.traits;
    const contact = text(claims.email) === null ? userinfo : claims; // an address and its verification belong together
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
    // RFC 8414 §2: without a list, HTTP Basic is supported.
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

/** RFC 9207 §2.4: the response says which provider it comes from, so that none can pass off another's code. */
function checkIssuerParameter({ iss }: UpstreamResponse, metadata: ProviderMetadata): void {
  const promised = metadata.authorization_response_iss_parameter_supported === true;
  if (iss === undefined ? promised : iss !== metadata.issuer)
    throw new UpstreamError("untrustworthy", `the response's iss ${iss === undefined ? "is missing" : "is another's"}`);
}
