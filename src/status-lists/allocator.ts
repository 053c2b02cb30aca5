import { type Clock, CLOCK_TOLERANCE } from "../shared/clock.js";
import { unavailable } from "../shared/errors.js";
import { issuedAtMs } from "../tokens/issued-at.js";
import type { AccessTokenClaims } from "../tokens/claims.js";
import { uuidv7 } from "../shared/uuid.js";
import { type StatusClaim, statusListUri, statusReference } from "../tokens/status-reference.js";
import { ReservedList } from "./reserved-list.js";
import { LIST_SIZE } from "./status-list.js";
import type { StatusListStore } from "./store.js";

/** If fewer indexes are free, the next list is reserved. */
const RESERVE_BELOW = LIST_SIZE / 10;
/**
 * Milliseconds after a touch for which an owner may assign indexes. This is less than OWNER_SILENCE_LIMIT: after that,
 * other replicas consider the owner dead, and a new token would be INVALID from the start.
 */
const LEASE = 8000;
/** Milliseconds for which an exhausted list stays open, so that tokens with its last indexes can be signed. */
const DRAIN = 60_000;

const NO_ENTRY = "The token's entry in a status list can't be reserved right now: try again";

interface Dependencies {
  store: StatusListStore;
  clock: Clock;
  publicUrl: string;
  /** The longest lifetime of a token in seconds. */
  ttlMax: number;
}

/**
 * Assigns indexes of status lists to tokens. No other process uses its lists, so that it needs no database call to
 * assign an index. `flush` must be called several times a second; it stores the tokens' records.
 */
export class StatusAllocator {
  readonly #dependencies: Dependencies;
  #current: ReservedList | undefined;
  #next: ReservedList | undefined;
  /** Lists without free indexes, of which some tokens may not be signed or recorded yet. */
  #exhausted: ReservedList[] = [];
  /** Lists that are not touched any more; the last records are still stored. */
  #abandoned: ReservedList[] = [];
  #renewal: Promise<void> | undefined;
  #flushing: Promise<void> | undefined;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  /** Rejects with temporarily_unavailable if no index is free and no list can be reserved. */
  take(): StatusClaim | Promise<StatusClaim> {
    return this.#tryTake() ?? this.#renew().then(() => {
      const claim = this.#tryTake();
      if (claim === undefined) throw unavailable(NO_ENTRY);
      return claim;
    });
  }

  /** Records the token of an index; `kid` is the key that is about to sign. Ignores a token without a status. */
  record(claims: AccessTokenClaims, kid: string): void {
    const reference = statusReference(this.#dependencies.publicUrl, claims);
    if (reference === undefined) return;
    const list = [...this.#lists, ...this.#abandoned].find(({ id }) => id === reference.listId);
    // No cut-off could find a token without a record.
    if (list === undefined) throw unavailable("The token's status list was closed meanwhile: try again");
    const { sub, client_id: clientId = "", exp } = claims;
    const sid = typeof claims.sid === "string" ? claims.sid : undefined;
    list.record({ index: reference.index, issuedAt: issuedAtMs(claims), sub, sid, clientId, kid }, exp * 1000);
  }

  /** Concurrent calls share one flush. Rejects if not everything was stored; the next call stores the rest. */
  flush(): Promise<void> {
    this.#flushing ??= this.#flush().finally(() => { this.#flushing = undefined; });
    return this.#flushing;
  }

  /** To be called after the last token was signed. Stores all records and closes the lists. */
  async close(): Promise<void> {
    await this.#flushing?.catch(() => undefined);
    await this.#flush();
    for (const { id } of this.#lists) await this.#dependencies.store.close(id);
    [this.#current, this.#next, this.#exhausted] = [undefined, undefined, []];
  }

  /**
   * To be called when the database has lost commits. The tokens of the lost records could not be found by a cut-off:
   * the lists are left open without an owner, so that every index without a record becomes INVALID.
   */
  abandon(): void {
    this.#abandoned.push(...this.#lists);
    [this.#current, this.#next, this.#exhausted] = [undefined, undefined, []];
  }

  get #lists(): ReservedList[] {
    return [this.#current, this.#next, ...this.#exhausted].filter((list) => list !== undefined);
  }

  #tryTake(): StatusClaim | undefined {
    const { clock, publicUrl } = this.#dependencies;
    const list = this.#current;
    if (list === undefined || !this.#hasLease(list)) return undefined;
    const idx = list.take(clock());
    return idx === undefined ? undefined : { status_list: { idx, uri: statusListUri(publicUrl, list.id) } };
  }

  #hasLease({ touchedAt }: ReservedList): boolean {
    const age = this.#dependencies.clock() - touchedAt;
    return age >= 0 && age < LEASE;
  }

  #renew(): Promise<void> {
    this.#renewal ??= this.#provide().catch((cause: unknown) => {
      throw unavailable(NO_ENTRY, cause);
    }).finally(() => { this.#renewal = undefined; });
    return this.#renewal;
  }

  /** Makes `#current` usable: reserves a list, moves on to the next one, or renews the lease after an outage. */
  async #provide(): Promise<void> {
    if (this.#current !== undefined && this.#current.left === 0) {
      this.#exhausted.push(this.#current);
      [this.#current, this.#next] = [this.#next, undefined];
    }
    if (this.#current !== undefined && !this.#hasLease(this.#current)) {
      await this.#flushing?.catch(() => undefined); // it may have started before a touch was due
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

  /** The list's expiry (epoch ms): later than that of every token which gets an index before the next touch. */
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
    outcomes.push(...await Promise.allSettled(this.#abandoned.map(async (list) => {
      await list.storeRecords(store);
      if (clock() - list.takenAt > DRAIN && list.isFlushed) {
        this.#abandoned = this.#abandoned.filter((one) => one !== list);
      }
    })));
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
    if (this.#current !== undefined && this.#current.left < RESERVE_BELOW) this.#next ??= await this.#reserve();
  }

  #drop(list: ReservedList): void {
    this.#exhausted = this.#exhausted.filter((one) => one !== list);
    if (this.#next === list) this.#next = undefined;
    if (this.#current === list) this.#current = undefined;
  }
}
