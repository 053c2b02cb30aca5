import { type Static, Type } from "@sinclair/typebox";
import type { Clock } from "../shared/clock.js";
import { quotable } from "./claims.js";
import { type Upstream, UpstreamError } from "./upstream.js";

const Texts = Type.Optional(Type.Array(Type.String()));
/** The members that a login needs (OpenID Connect Discovery §3, RFC 8414 §2, RFC 9207 §3), and what helps. */
const Metadata = Type.Object({
  issuer: Type.String(),
  authorization_endpoint: Type.String(),
  token_endpoint: Type.String(),
  jwks_uri: Type.String(),
  userinfo_endpoint: Type.Optional(Type.String()),
  token_endpoint_auth_methods_supported: Texts,
  authorization_response_iss_parameter_supported: Type.Optional(Type.Boolean()),
  prompt_values_supported: Texts,
});
export type ProviderMetadata = Static<typeof Metadata>;

/** Milliseconds for which a document is used before it is fetched again. */
const MAX_AGE = 3_600_000;
/** Milliseconds after a failure before the document is requested again. */
const RETRY_AFTER = 1000;

/**
 * An OpenID provider's metadata, fetched when a login first needs it. If the provider is down, only logins through it
 * fail, and only if the document was never fetched before.
 */
export class Discovery {
  readonly #upstream: Upstream;
  readonly #url: string;
  readonly #issuer: string;
  readonly #accepts: (issuer: string) => boolean;
  readonly #clock: Clock;
  #metadata: ProviderMetadata | undefined;
  #pending: Promise<ProviderMetadata> | undefined;
  #failure: unknown;
  #refreshAt = 0;

  /** `url`: where the document stands, if not below the issuer. */
  constructor({ upstream, issuer, url, accepts, clock }: {
    upstream: Upstream;
    issuer: string;
    url?: string | undefined;
    accepts: (issuer: string) => boolean;
    clock: Clock;
  }) {
    this.#upstream = upstream;
    this.#issuer = issuer;
    this.#url = url ?? `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
    this.#accepts = accepts;
    this.#clock = clock;
  }

  /** Rejects with UpstreamError if the document was never fetched successfully. */
  async metadata(): Promise<ProviderMetadata> {
    if (this.#clock() >= this.#refreshAt) await (this.#pending ??= this.#refresh()).catch(() => undefined);
    if (this.#metadata === undefined) throw this.#failure;
    return this.#metadata;
  }

  async #refresh(): Promise<ProviderMetadata> {
    try {
      this.#metadata = await this.#fetch();
      this.#refreshAt = this.#clock() + MAX_AGE;
      return this.#metadata;
    } catch (error) {
      this.#failure = error;
      this.#refreshAt = this.#clock() + RETRY_AFTER;
      throw error;
    } finally {
      this.#pending = undefined;
    }
  }

  async #fetch(): Promise<ProviderMetadata> {
    // Retried once, so that one failed request at the provider's load balancer does not fail a login.
    const document = await this.#upstream.getJson(this.#url, { attempts: 2 });
    const { Value } = await import("@sinclair/typebox/value"); // only logins need it, and it would slow down the start
    const [fault] = [...Value.Errors(Metadata, document)];
    if (fault !== undefined || !Value.Check(Metadata, document)) {
      throw new UpstreamError("untrustworthy", `${this.#url}: ${fault?.path} ${fault?.message}`);
    }
    if (!this.#accepts(document.issuer)) { // OpenID Connect Discovery §4.3
      throw new UpstreamError("untrustworthy", `${this.#url} names the issuer "${quotable(document.issuer, 200)}", ` +
        `but "${this.#issuer}" is configured: they must be equal character by character`);
    }
    const { authorization_endpoint, token_endpoint, jwks_uri, userinfo_endpoint } = document;
    for (const [name, url] of Object.entries({ authorization_endpoint, token_endpoint, jwks_uri, userinfo_endpoint })) {
      if (url !== undefined) this.#upstream.checkEndpoint(url, `${this.#url}: ${name}`);
    }
    return document;
  }
}
