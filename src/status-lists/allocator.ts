import { type Clock, CLOCK_TOLERANCE } from "../shared/clock.js";
import { unavailable } from "../shared/errors.js";
import { issuedAtMs } from "../tokens/issued-at.js";
import type { AccessTokenClaims } from "../tokens/claims.js";
import { uuidv7 } from "../shared/uuid.js";
import { type StatusClaim, statusListUri, statusReference } from "../tokens/status-reference.js";
import { ReservedList } from "./reserved-list.js";
import { LIST_SIZE } from "./status-list.js";
import type { StatusListStore } from "./store.js";

/** Below this many free indexes the next list is reserved. */
const FEW = LIST_SIZE / 10;
/**
 * Milliseconds after its last word for which an owner gives indexes away. Less than OWNER_SILENCE_LIMIT: where a list counts as
 * dead, the tokens of a moment ago are INVALID, and new ones would be dead when they are born.
 */
const LEASE = 8000;
/** Milliseconds that a token which was given an index has to be signed, before its list may be closed. */
const DRAIN = 60_000;

const NONE = "The token's entry in a status list can't be reserved right now: try again";

interface Dependencies {
  store: StatusListStore;
  clock: Clock;
  publicUrl: string;
  /** The longest life of a token, in seconds. */
  ttlMax: number;
}

/**
 * Gives indexes of status lists to tokens, from lists that no other process uses: without asking anybody, once it has
 * one. `flush` has to be called several times a second; it writes down whose the indexes are.
 */
export class StatusAllocator {
  readonly #dependencies: Dependencies;
  #current: ReservedList | undefined;
  #next: ReservedList | undefined;
  /** Given away, but not all signed yet, or not all written down. */
  #exhausted: ReservedList[] = [];
  #renewal: Promise<void> | undefined;
  #flushing: Promise<void> | undefined;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  /** Rejects with temporarily_unavailable where none is left and none can be had. */
  take(): StatusClaim | Promise<StatusClaim> {
    return this.#taken() ?? this.#renew().then(() => {
      const claim = this.#taken();
      if (claim === undefined) throw unavailable(NONE);
      return claim;
    });
  }

  /** Keeps whose the index is; `kid`: the key that is about to sign. Nothing for a token without a status. */
  record(claims: AccessTokenClaims, kid: string): void {
    const reference = statusReference(this.#dependencies.publicUrl, claims);
    if (reference === undefined) return;
    const list = this.#lists.find(({ id }) => id === reference.listId);
    // Unrecorded it would escape every cut-off.
    if (list === undefined) throw unavailable("The token's status list was closed meanwhile: try again");
    const { sub, client_id: clientId = "", exp } = claims;
    list.record({ index: reference.index, birth: issuedAtMs(claims), sub, clientId, kid }, exp * 1000);
  }

  /** Calls at once share one. Rejects where the database did not take everything; what it did not take is kept. */
  flush(): Promise<void> {
    this.#flushing ??= this.#flush().finally(() => { this.#flushing = undefined; });
    return this.#flushing;
  }

  /** After the last token: writes everything down, so that no index of this process is in doubt. */
  async close(): Promise<void> {
    await this.#flushing?.catch(() => undefined);
    await this.#flush();
    for (const { id } of this.#lists) await this.#dependencies.store.close(id);
    [this.#current, this.#next, this.#exhausted] = [undefined, undefined, []];
  }

  get #lists(): ReservedList[] {
    return [this.#current, this.#next, ...this.#exhausted].filter((list) => list !== undefined);
  }

  #taken(): StatusClaim | undefined {
    const { clock, publicUrl } = this.#dependencies;
    const list = this.#current;
    if (list === undefined || !this.#isHeld(list)) return undefined;
    const idx = list.take(clock());
    return idx === undefined ? undefined : { status_list: { idx, uri: statusListUri(publicUrl, list.id) } };
  }

  #isHeld({ touchedAt }: ReservedList): boolean {
    const age = this.#dependencies.clock() - touchedAt;
    return age >= 0 && age < LEASE;
  }

  #renew(): Promise<void> {
    this.#renewal ??= this.#provide().catch((cause: unknown) => {
      throw unavailable(NONE, cause);
    }).finally(() => { this.#renewal = undefined; });
    return this.#renewal;
  }

  /** The first list, the next list, or after a sleep or an outage the one there was. */
  async #provide(): Promise<void> {
    if (this.#current !== undefined && this.#current.left === 0) {
      this.#exhausted.push(this.#current);
      [this.#current, this.#next] = [this.#next, undefined];
    }
    if (this.#current !== undefined && !this.#isHeld(this.#current)) {
      await this.#flushing?.catch(() => undefined); // it may have begun when no word was due yet
      await this.flush();
    }
    this.#current ??= await this.#reserve();
  }

  async #reserve(): Promise<ReservedList> {
    const { store, clock } = this.#dependencies;
    const now = clock();
    const list = new ReservedList(uuidv7(now), now);
    await store.reserve({ id: list.id, size: LIST_SIZE, expiresAt: this.#expiresAt(now) });
    return list;
  }

  /** No token that gets an index until the next word can be alive then. */
  #expiresAt(now: number): number {
    return now + this.#dependencies.ttlMax * 1000 + CLOCK_TOLERANCE;
  }

  async #flush(): Promise<void> {
    const { store, clock } = this.#dependencies;
    const outcomes = await Promise.allSettled(this.#lists.map(async (list) => {
      const now = clock();
      if (!await list.flush(store, now, this.#expiresAt(now))) this.#drop(list);
      else if (this.#exhausted.includes(list) && now - list.takenAt > DRAIN && list.isFlushed) {
        this.#drop(list);
        await store.close(list.id);
      }
    }));
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
    if (this.#current !== undefined && this.#current.left < FEW) this.#next ??= await this.#reserve();
  }

  #drop(list: ReservedList): void {
    this.#exhausted = this.#exhausted.filter((one) => one !== list);
    if (this.#next === list) this.#next = undefined;
    if (this.#current === list) this.#current = undefined;
  }
}
