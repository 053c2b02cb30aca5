import type { Client } from "../clients/client.js";
import type { Clock } from "../shared/clock.js";
import { digest, randomSecret } from "../shared/digest.js";
import { sweepAll } from "../shared/sweep.js";

/** The parameters of a request, each given once, except `resource`. */
export type RequestParameters = Readonly<Record<string, string | string[] | undefined>>;

/** A request that a client pushed (RFC 9126). `expiresAt` is epoch ms. The request_uri is stored as SHA-256. */
export interface PushedRequest { uriHash: string; clientId: string; parameters: RequestParameters; expiresAt: number }

export interface PushedRequestStore {
  insert(request: PushedRequest): Promise<void>;
  find(uriHash: string): Promise<PushedRequest | null>;
  /** Deletes the request. Of concurrent callers, on any replica, exactly one gets true. */
  use(uriHash: string): Promise<boolean>;
  sweep(before: number, limit: number): Promise<number>;
}

const PREFIX = "urn:ietf:params:oauth:request_uri:";
/** Seconds in which the browser must arrive. RFC 9126 §2.2 suggests 5 to 600. */
const LIFETIME = 90;

export const isPushedUri = (uri: string): boolean => uri.startsWith(PREFIX);

/** Requests that clients push before they send the browser (RFC 9126). Each can be used once. */
export class PushedRequests {
  readonly #store: PushedRequestStore;
  readonly #clock: Clock;

  constructor({ store, clock }: { store: PushedRequestStore; clock: Clock }) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Resolves to the response (RFC 9126 §2.2). */
  async push({ id: clientId }: Client, parameters: RequestParameters): Promise<{
    request_uri: string;
    expires_in: number;
  }> {
    const request_uri = PREFIX + randomSecret();
    const expiresAt = this.#clock() + LIFETIME * 1000;
    await this.#store.insert({ uriHash: digest(request_uri), clientId, parameters, expiresAt });
    return { request_uri, expires_in: LIFETIME };
  }

  /** The request of this client; undefined if it was used, has expired, or is another client's. */
  async find(uri: string, clientId: string): Promise<RequestParameters | undefined> {
    const request = await this.#store.find(digest(uri));
    return request?.clientId === clientId && request.expiresAt > this.#clock() ? request.parameters : undefined;
  }

  /** False if it was used before. */
  use(uri: string): Promise<boolean> {
    return this.#store.use(digest(uri));
  }

  /** Deletes requests that expired before an instant; returns how many. */
  sweep(before: number): Promise<number> {
    return sweepAll((limit) => this.#store.sweep(before, limit));
  }
}
