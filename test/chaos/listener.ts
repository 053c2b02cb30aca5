import { EventSource } from "eventsource";
import { issuedAtMs } from "../../src/tokens/issued-at.js";
import type { Suite } from "../support/services.js";

/** What a verifier that follows the feed knows about a token. */
export type Opinion = "refused" | "accepted" | "unknown";
export interface Claims { jti: string; sub: string; iat: number; client_id: string }

/** Milliseconds of silence after which a verifier knows nothing any more: three heartbeats. */
const STALE_AFTER = 45_000;

interface Ended { sub?: string; client_id?: string; kid?: string; issued_before: number }

/**
 * A verifier that follows the feed through a library for Server-Sent Events. It tries the replicas in turn, `urls[0]`
 * first.
 */
export class Listener {
  readonly #urls: string[];
  readonly #headers: Record<string, string>;
  #source: EventSource | undefined;
  #lastEventId = "";
  #heardAt = -Infinity;
  #revoked = new Set<string>();
  #cutoffs = new Map<string, number>();
  #closed = false;

  constructor(t: Suite, urls: string[], headers: Record<string, string>) {
    this.#urls = [...urls];
    this.#headers = headers;
    t.teardown(() => { this.close(); });
    this.#connect();
  }

  get isFresh(): boolean { return performance.now() - this.#heardAt < STALE_AFTER; }

  thinks({ jti, sub, iat, client_id }: Claims): Opinion {
    const issuedAt = issuedAtMs({ jti, iat });
    const ended = [`sub ${sub}`, `client_id ${client_id}`]
      .some((name) => issuedAt < (this.#cutoffs.get(name) ?? -Infinity));
    if (ended || this.#revoked.has(jti)) return "refused";
    return this.isFresh ? "accepted" : "unknown";
  }

  close(): void {
    this.#closed = true;
    this.#source?.close();
  }

  #connect(): void {
    const [url = ""] = this.#urls;
    const source = this.#source = new EventSource(`${url}/revocations/stream`, {
      fetch: (input, init) => fetch(input, {
        ...init,
        headers: {
          ...init.headers, ...this.#headers, ...(this.#lastEventId && { "last-event-id": this.#lastEventId }),
        },
      }),
    });
    const on = (name: string, hear: (data: unknown) => void): void => {
      source.addEventListener(name, (event: MessageEvent<string>) => {
        this.#heardAt = performance.now();
        if (event.lastEventId !== "") this.#lastEventId = event.lastEventId;
        hear(JSON.parse(event.data));
      });
    };
    on("reset", () => undefined); // a revocation is final: every event only adds
    on("current", () => undefined);
    on("heartbeat", () => undefined);
    on("revoked", (tokens) => { for (const { jti } of tokens as Claims[]) this.#revoked.add(jti); });
    on("issued_before", (cutoffs) => {
      for (const { issued_before: before, ...name } of cutoffs as Ended[]) {
        const key = name.sub === undefined ? `client_id ${name.client_id}` : `sub ${name.sub}`;
        this.#cutoffs.set(key, Math.max(before, this.#cutoffs.get(key) ?? 0));
      }
    });
    source.addEventListener("error", () => {
      source.close();
      this.#urls.push(this.#urls.shift() as string); // as a load balancer would lead it
      if (!this.#closed) setTimeout(() => { this.#connect(); }, 250).unref();
    });
  }
}
