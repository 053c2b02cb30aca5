import { compactVerify, createLocalJWKSet, errors, type LocalJWKSet } from "jose";
import type { Clock } from "../shared/clock.js";
import { UpstreamError } from "../providers/upstream.js";
import { isObject } from "./json.js";

/**
 * Asymmetric signatures only: no "none", and no HMAC, for which an attacker could use the public key (RFC 8725 §2.1).
 */
const ALGORITHMS = [
  "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519",
];
/** Milliseconds for which keys are used before they are fetched again. */
const MAX_AGE = 600_000;
/** Milliseconds after a failure of that. */
const RETRY_AFTER = 30_000;
/**
 * Fetches because of a signature that no known key verifies: so many at once, and then one in so many milliseconds.
 * Otherwise tokens with invented key ids would make Authflow flood the provider.
 */
const RENEWALS = 5;
const RENEWAL_INTERVAL = 10_000;

interface Limits { algorithms: readonly string[]; renewals: number; renewalInterval: number }
const USUAL: Limits = { algorithms: ALGORITHMS, renewals: RENEWALS, renewalInterval: RENEWAL_INTERVAL };

/** `fetch`: the number of the fetch that brought the keys. */
interface Fetched { fetch: number; keys: LocalJWKSet }

/**
 * The keys of a provider, or of a client. They are fetched again at once if none of them verifies a signature, because
 * their owner may have changed them (OpenID Connect Core §10.1.1). While the key set can't be fetched, the last one
 * stays in use.
 */
export class KeySet {
  readonly #fetch: () => Promise<unknown>;
  readonly #clock: Clock;
  #known: Fetched | undefined;
  #pending: Promise<Fetched> | undefined;
  /** How many fetches have begun. */
  #begun = 0;
  #refreshAt = 0;
  readonly #limits: Limits;
  #renewals: number;
  #countedAt = 0;

  constructor(fetchJwks: () => Promise<unknown>, clock: Clock, limits = USUAL) {
    this.#fetch = fetchJwks;
    this.#clock = clock;
    this.#limits = limits;
    this.#renewals = limits.renewals;
  }

  /** Resolves to the payload of a JWS in compact serialisation. Rejects with UpstreamError or an error of jose. */
  async verify(jws: string): Promise<string> {
    const earlier = this.#begun;
    let known = await this.#current();
    for (;;) {
      try {
        return Buffer.from(await verifyWithOneOf(known.keys, jws, [...this.#limits.algorithms])).toString();
      } catch (error) {
        // Keys that were asked for after the token came are new enough.
        if (known.fetch > earlier || !isFaultOfKey(error)) throw error;
        if (this.#known !== undefined && this.#known.fetch > known.fetch) known = this.#known;
        else if (this.#pending !== undefined || this.#mayRenew()) known = await this.#renewed();
        else throw error;
      }
    }
  }

  async #current(): Promise<Fetched> {
    const known = this.#known;
    if (known === undefined) return this.#renewed();
    if (this.#clock() < this.#refreshAt) return known;
    return this.#renewed().catch(() => {
      this.#refreshAt = this.#clock() + RETRY_AFTER;
      return known;
    });
  }

  #renewed(): Promise<Fetched> {
    return this.#pending ??= this.#fetchKeys().finally(() => { this.#pending = undefined; });
  }

  async #fetchKeys(): Promise<Fetched> {
    const fetch = ++this.#begun;
    const document = await this.#fetch();
    if (!isObject(document) || !Array.isArray(document.keys))
      throw new UpstreamError("untrustworthy", "the jwks_uri did not answer with a key set");
    // RFC 7517 §5: keys that can't be understood are ignored.
    const keys = createLocalJWKSet({ keys: document.keys.filter(isObject) });
    this.#refreshAt = this.#clock() + MAX_AGE;
    return this.#known = { fetch, keys };
  }

  #mayRenew(): boolean {
    const now = this.#clock();
    const { renewals, renewalInterval } = this.#limits;
    this.#renewals = Math.min(renewals, this.#renewals + (now - this.#countedAt) / renewalInterval);
    this.#countedAt = now;
    if (this.#renewals < 1) return false;
    this.#renewals -= 1;
    return true;
  }
}

/** Of several keys that may be meant, each is tried: some providers publish two with one kid, or tokens without kid. */
async function verifyWithOneOf(keys: LocalJWKSet, jws: string, algorithms: string[]): Promise<Uint8Array> {
  const options = { algorithms };
  try {
    return (await compactVerify(jws, keys, options)).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    for await (const key of error) {
      const payload = await compactVerify(jws, key, options).then((verified) => verified.payload, () => undefined);
      if (payload !== undefined) return payload;
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

/** Not for tokens that are wrong in themselves: no other key would verify them. */
const isFaultOfKey = (error: unknown): boolean =>
  !(error instanceof errors.JOSEError) || error instanceof errors.JWKSNoMatchingKey ||
  error instanceof errors.JWKSInvalid || error instanceof errors.JWSSignatureVerificationFailed;
