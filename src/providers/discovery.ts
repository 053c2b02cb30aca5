import { type Static, Type } from "@sinclair/typebox";
import type { Clock } from "../shared/clock.js";
import { type Upstream, UpstreamError } from "./upstream.js";

const Texts = Type.Optional(Type.Array(Type.String()));
/** OpenID Connect Discovery §3, RFC 8414 §2, RFC 9207 §3: what a login needs of it. */
const Metadata = Type.Object({
  issuer: Type.String(),
  authorization_endpoint: Type.String(),
  token_endpoint: Type.String(),
  jwks_uri: Type.String(),
  userinfo_endpoint: Type.Optional(Type.String()),
  token_endpoint_auth_methods_supported: Texts,
  authorization_response_iss_parameter_supported: Type.Optional(Type.Boolean()),
});
export type ProviderMetadata = Static<typeof Metadata>;

/** Milliseconds for which a document is used, and for which a failure is answered without asking again. */
const FRESH = 3_600_000;
const COOL_DOWN = 1000;

/**
 * An OpenID provider's metadata, fetched when a login first needs it. An upstream that is down disturbs its own logins
 * only, and not even those as long as an earlier answer is at hand.
 */
export class Discovery {
  readonly #upstream: Upstream;
  readonly #url: string;
  readonly #accepts: (issuer: string) => boolean;
  readonly #clock: Clock;
  #metadata: ProviderMetadata | undefined;
  #pending: Promise<ProviderMetadata> | undefined;
  #failure: unknown;
  #askAgainAt = 0;

  constructor({ upstream, issuer, accepts, clock }: {
    upstream: Upstream;
    issuer: string;
    accepts: (issuer: string) => boolean;
    clock: Clock;
  }) {
    this.#upstream = upstream;
    this.#url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
    this.#accepts = accepts;
    this.#clock = clock;
  }

  /** Rejects with UpstreamError where no answer was ever to be had. */
  async metadata(): Promise<ProviderMetadata> {
    if (this.#clock() >= this.#askAgainAt) await (this.#pending ??= this.#refresh()).catch(() => undefined);
    if (this.#metadata === undefined) throw this.#failure;
    return this.#metadata;
  }

  async #refresh(): Promise<ProviderMetadata> {
    try {
      // One repetition: a load balancer's hiccup should not cost a login.
      this.#metadata = await this.#fetch().catch(() => this.#fetch());
      this.#askAgainAt = this.#clock() + FRESH;
      return this.#metadata;
    } catch (error) {
      this.#failure = error;
      this.#askAgainAt = this.#clock() + COOL_DOWN;
      throw error;
    } finally {
      this.#pending = undefined;
    }
  }

  async #fetch(): Promise<ProviderMetadata> {
    const document = await this.#upstream.getJson(this.#url);
    const { Value } = await import("@sinclair/typebox/value"); // for logins only: it would hold up the start
    const [fault] = [...Value.Errors(Metadata, document)];
    if (fault !== undefined || !Value.Check(Metadata, document)) {
      throw new UpstreamError("untrustworthy", `${this.#url}: ${fault?.path} ${fault?.message}`);
    }
    if (!this.#accepts(document.issuer)) { // OpenID Connect Discovery §4.3
      throw new UpstreamError("untrustworthy",
        `${this.#url} names another issuer than the configured one: they must be equal to the character`);
    }
    const { authorization_endpoint, token_endpoint, jwks_uri, userinfo_endpoint } = document;
    for (const [name, url] of Object.entries({ authorization_endpoint, token_endpoint, jwks_uri, userinfo_endpoint })) {
      if (url !== undefined) this.#upstream.checkEndpoint(url, `${this.#url}: ${name}`);
    }
    return document;
  }
}
