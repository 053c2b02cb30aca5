import { authorizationUrl } from "./authorization-url.js";
import { accessTokenFrom, idText, quotable, subjectFrom, text } from "./claims.js";
import { Discovery, type ProviderMetadata } from "./discovery.js";
import { authenticationFrom, identityFrom, isSufficient, lacksNothing } from "./identity-claims.js";
import { checkHints, type LoginHints, withMaxAge, withSelection } from "./login-hints.js";
import type { Provider, ProviderDefinition, ProviderSettings, UpstreamRequest, UpstreamResponse } from "./provider.js";
import { type TokenAuthentication, type Upstream, UpstreamError } from "./upstream.js";

type Claims = Record<string, unknown>;

interface Traits {
  label: string;
  issuer: (settings: ProviderSettings) => string;
  /** Whether the issuer in the discovery document is acceptable. Default: it must equal the configured issuer. */
  acceptsIssuer?: (discovered: string, settings: ProviderSettings) => boolean;
  /** The issuer that an ID token with these (unverified) claims must have. Default: the discovered one. */
  issuerOf?: (discovered: string, claims: Claims) => string;
  /** Whether the provider has verified the address in these claims; undefined if they do not say. */
  emailVerified?: (claims: Claims) => unknown;
  /** What the authorization response says about the user's name, where no claim does. */
  nameFrom?: (response: UpstreamResponse) => string | null;
  /** The client's secret, where it is made for each request. */
  clientSecret?: (settings: ProviderSettings, now: number) => string;
  /** How the client authenticates, if the provider's discovery document is wrong about it. */
  authentication?: TokenAuthentication;
  /** Default: openid email profile. */
  scope?: string;
  /** Further parameters of the authorization request. */
  parameters?: Readonly<Record<string, string>>;
  /** Features that the provider lacks, or that must not be used. */
  nonce?: false;
  pkce?: false;
  userinfo?: false;
}

/** A provider that implements OpenID Connect: everything else follows from its issuer's discovery document. */
export const openIdProvider = (traits: Traits): ProviderDefinition => ({
  label: traits.label,
  connect(settings, connectUpstream, clock) {
    const issuer = traits.issuer(settings);
    const { discoveryUrl: url } = settings;
    const configured = [settings.issuer, url].filter((one) => one !== undefined).map((one) => new URL(one).origin);
    const upstream = connectUpstream(configured);
    const accepts = (discovered: string): boolean =>
      traits.acceptsIssuer?.(discovered, settings) ?? discovered === issuer;
    const discovery = new Discovery({ upstream, issuer, url, accepts, clock });
    return new OpenIdProvider(traits, settings, upstream, discovery, clock);
  },
});

class OpenIdProvider implements Provider {
  readonly name: string;
  readonly label: string;
  readonly #scope: string;

  constructor(
    private readonly traits: Traits,
    private readonly settings: ProviderSettings,
    private readonly upstream: Upstream,
    private readonly discovery: Discovery,
    private readonly clock: () => number,
  ) {
    this.name = settings.name;
    this.label = traits.label;
    this.#scope = settings.scope ?? traits.scope ?? "openid email profile";
  }

  authorizationUrl: Provider["authorizationUrl"] = async ({ state, nonce, codeChallenge, redirectUri, hints }) => {
    const { pkce = true, parameters } = this.traits;
    const metadata = await this.discovery.metadata();
    return authorizationUrl(metadata.authorization_endpoint, {
      ...parameters, ...this.settings.authorizationParameters,
      ...withMaxAge(this.#hints(withSelection(hints, metadata))),
      response_type: "code", client_id: this.settings.clientId, redirect_uri: redirectUri, scope: this.#scope,
      state, nonce, ...(pkce && { code_challenge: codeChallenge, code_challenge_method: "S256" }),
    });
  };

  /** RFC 9207 §2.4: `iss` says which provider sent the response, which prevents mix-up attacks. */
  checkOrigin: NonNullable<Provider["checkOrigin"]> = async ({ code = "", iss }) => {
    const metadata = await this.discovery.metadata();
    // Some providers that promise it leave it out of errors.
    const isRequired = metadata.authorization_response_iss_parameter_supported === true && code !== "";
    if (iss === undefined ? !isRequired : iss === metadata.issuer) return;
    const found = iss === undefined ? "missing" : `"${quotable(iss, 200)}"`;
    throw new UpstreamError("foreign",
      `the response's iss is ${found}, but the provider is "${quotable(metadata.issuer, 200)}"`);
  };

  identify: Provider["identify"] = async (response, request) => {
    const { nonce: repeatsNonce = true, issuerOf = (issuer: string) => issuer } = this.traits;
    const metadata = await this.discovery.metadata();
    await this.checkOrigin(response);
    const answer = await this.#tokens(metadata, response, request);
    const idToken = text(answer.id_token);
    if (idToken === null) throw new UpstreamError("untrustworthy", "the token endpoint returned no id_token");
    const checks = {
      issuer: (claimed: Claims) => issuerOf(metadata.issuer, claimed),
      audience: this.settings.clientId,
      nonce: repeatsNonce ? request.nonce : undefined,
    };
    const claims = await this.upstream.verifyIdToken(idToken, metadata.jwks_uri, checks);
    checkHints(this.#hints(request.hints), claims, request.startedAt, this.label);
    const userinfo = await this.#userinfo(claims, metadata, checks, answer);
    const identity = identityFrom(subjectFrom(claims.sub), [claims, userinfo], this.#rules());
    const name = identity.name ?? this.traits.nameFrom?.(response) ?? null;
    return { ...identity, name, ...authenticationFrom(claims, this.clock()) };
  };

  /** The operator's parameters replace those of the application. */
  #hints(hints: LoginHints): LoginHints {
    return { ...hints, ...this.settings.authorizationParameters };
  }

  #rules() {
    return { claims: this.settings.claims ?? {}, emailVerified: this.traits.emailVerified };
  }

  #tokens(
    { token_endpoint: endpoint, token_endpoint_auth_methods_supported: methods }: ProviderMetadata,
    { code }: UpstreamResponse,
    { codeVerifier, redirectUri }: UpstreamRequest,
  ): Promise<Claims> {
    const { pkce = true, clientSecret = ({ clientSecret: fixed }: ProviderSettings) => fixed } = this.traits;
    // RFC 8414 §2: the default is HTTP Basic.
    const discovered = methods?.includes("client_secret_basic") ?? true ? "client_secret_basic" : "client_secret_post";
    return this.upstream.requestToken({
      endpoint,
      clientId: this.settings.clientId,
      clientSecret: clientSecret(this.settings, this.clock()),
      authentication: this.settings.tokenAuthentication ?? this.traits.authentication ?? discovered,
      parameters: { code, redirect_uri: redirectUri, ...(pkce && { code_verifier: codeVerifier }) },
    });
  }

  /** Many providers return the claims of a scope from the userinfo endpoint only (OpenID Connect Core §5.4). */
  async #userinfo(
    claims: Claims,
    { userinfo_endpoint: url, jwks_uri: jwksUri }: ProviderMetadata,
    checks: Parameters<Upstream["getUserinfo"]>[3],
    answer: Claims,
  ): Promise<Claims> {
    const rules = this.#rules();
    if (url === undefined || this.traits.userinfo === false || lacksNothing(claims, rules)) return {};
    let userinfo: Claims;
    try {
      userinfo = await this.upstream.getUserinfo(url, accessTokenFrom(answer), jwksUri, checks);
    } catch (error) {
      if (!(error instanceof UpstreamError) || !isSufficient(claims, rules, this.#scope)) throw error;
      this.upstream.ignore(error);
      return {};
    }
    if (idText(userinfo.sub) === idText(claims.sub)) return userinfo;
    // OpenID Connect Core §5.3.2: otherwise the response may be about another user.
    throw new UpstreamError("untrustworthy", "the userinfo endpoint returned another user than the id_token");
  }
}
