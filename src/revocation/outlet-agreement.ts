import { setTimeout as sleep } from "node:timers/promises";
import { JoinedRead } from "../shared/joined-read.js";
import { ReplicaReader } from "./replica-reader.js";
import { LEFT, type Replica, type ReplicaStore } from "./replica-store.js";
import { Takeover } from "./takeover.js";

/** Milliseconds after its last contact with the database for which a replica may trust the outlet. */
export const LEASE = 30_000;
/** Milliseconds after which a process that shows no sign of life is removed. Longer than FRESH. */
const SILENCE_LIMIT = 60_000;
/** Milliseconds between two signs of life. */
const BEAT_INTERVAL = 5000;
/** Milliseconds for which a replica may acknowledge without reading again who else runs. */
const FRESH = 20_000;
/**
 * Milliseconds for which the database must have shown that this replica trusts its outlet, before it does: longer than
 * what a failover of the database loses.
 */
const PROOF = 5000;
/** Milliseconds that a caller waits for a look at the others. */
const LOOK_LIMIT = 1500;
/** What a replica says of an outlet that it can't reach. */
const UNKNOWN = "unknown to ";
/** Milliseconds between two looks at the others, while one of them still trusts another outlet. */
const RETRY_AFTER = 100;

interface Dependencies {
  store: ReplicaStore;
  id: string;
  /** The outlet that this replica writes to; null: none; undefined: not known, because it can't be reached. */
  outlet: () => string | null | undefined;
  /** Milliseconds since any point in time; never steps. */
  monotonic: () => number;
  /** The history of the log to which this replica has appended what it knew; see LogPage. */
  history: () => string | null;
}

/**
 * Whether this replica may answer from its outlet while the database is away. It may if every process that can
 * acknowledge a revocation writes it to the same outlet first. Each of them is in the database. One that writes
 * elsewhere acknowledges nothing until no other one trusts its outlet: each says so in the database, or had no contact
 * with it for longer than the lease.
 */
export class OutletAgreement {
  readonly #dependencies: Dependencies;
  #own: Replica;
  #others: Replica[] = [];
  readonly #reader: ReplicaReader;
  /** When this replica was last found registered with its present outlet, and since when it has been. */
  #checkedAt = -Infinity;
  #registeredAt = -Infinity;
  #beatAt = -Infinity;
  #trustedUntil = -Infinity;
  /** When each of the others last showed a new beat; `isAlive`: it showed one after the first that was seen. */
  #seen = new Map<string, { beat: number; at: number; isAlive: boolean }>();
  /** Since when the database has said that this replica trusts its outlet. */
  #trustsSince = Infinity;
  /** Others that trusted another outlet when they were last seen, and since when they have been missing. */
  readonly #missing = new Map<string, number>();
  readonly #takeover = new Takeover();
  readonly #looks = new JoinedRead(() => this.#register(true), LOOK_LIMIT);

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
    this.#reader = new ReplicaReader(dependencies.store);
    this.#own = { id: dependencies.id, outlet: null, trusts: false, beat: 0, history: "" };
  }

  /** Whether what the outlet does not hold was not revoked, though the log can't be read. */
  get isTrusted(): boolean {
    const { monotonic } = this.#dependencies;
    return this.#own.trusts && this.#own.outlet === this.#outlet && monotonic() < this.#trustedUntil;
  }

  /** The history of the log to which every replica has appended what it knew; see Takeover. */
  get history(): string | null { return this.#takeover.history; }

  /** Reads who else runs, and says which history of the log this replica's copy is of. */
  look(): Promise<void> {
    return this.#looks.run();
  }

  /** How many processes run, this one included. */
  get size(): number {
    return 1 + this.#others.filter(({ beat }) => beat !== LEFT).length;
  }

  /** Whether another process writes to another outlet, or to none. */
  get differs(): boolean {
    return this.#others.some(({ outlet, beat }) => outlet !== this.#own.outlet && beat !== LEFT);
  }

  /** Whether another process that shows signs of life is known to write to another outlet, or to none. */
  get isContradicted(): boolean {
    return this.#others.some(({ id, outlet, beat }) => beat !== LEFT && this.#seen.get(id)?.isAlive === true
      && areDifferent(outlet, this.#own.outlet));
  }

  /**
   * Reads who else runs, and registers this replica. `holdsLog` resolves to whether the outlet holds everything that
   * the log held when it was called. To be called several times a second.
   */
  async advance(holdsLog: () => Promise<boolean>): Promise<void> {
    const at = this.#dependencies.monotonic();
    await this.#register(false);
    const trusts = this.#own.outlet !== null && !this.differs && await holdsLog();
    if (trusts !== this.#own.trusts) {
      if (!trusts) this.#trustedUntil = -Infinity;
      await this.#save({ ...this.#own, trusts });
      this.#trustsSince = trusts ? at : Infinity;
      return; // not trusted yet: one that registered meanwhile may have missed it
    }
    if (trusts && at - this.#trustsSince >= PROOF) this.#trustedUntil = at + LEASE;
  }

  /** Resolves when a revocation that is in the log and in this replica's outlet is in effect for every replica. */
  async settle(): Promise<void> {
    const { monotonic } = this.#dependencies;
    if (monotonic() - this.#checkedAt > FRESH || this.#own.outlet !== this.#outlet) await this.#register(true);
    while (this.#mayBeTrusted(monotonic())) {
      await sleep(RETRY_AFTER);
      await this.#register(true);
    }
  }

  /** Whether another replica may trust an outlet that this one does not write to. */
  #mayBeTrusted(now: number): boolean {
    // Who is missing may have left, or the database lost its row in a failover.
    if ([...this.#missing.values()].some((since) => now - since <= LEASE)) return true;
    return now - this.#registeredAt <= LEASE && this.#others.some((other) => this.#trustsElsewhere(other));
  }

  #trustsElsewhere({ outlet, trusts }: Replica): boolean {
    return trusts && outlet !== this.#own.outlet;
  }

  /** To be called when this process will acknowledge nothing any more. */
  async leave(): Promise<void> {
    this.#trustedUntil = -Infinity;
    if (this.#own.outlet !== null) await this.#save({ ...this.#own, trusts: false, beat: LEFT });
    else await this.#dependencies.store.remove([this.#own]);
  }

  /** Until it is known, an outlet is taken for one that nobody else writes to. */
  get #outlet(): string | null {
    const outlet = this.#dependencies.outlet();
    return outlet === undefined ? `${UNKNOWN}${this.#own.id}` : outlet;
  }

  async #register(mustRead: boolean): Promise<void> {
    const { store, monotonic } = this.#dependencies;
    const [at, history] = [monotonic(), this.#dependencies.history()];
    let all = await this.#reader.all(at);
    this.#takeover.observe(history, all, this.#own.id, at);
    const present = all.replicas.find(({ id }) => id === this.#own.id);
    const isNew = present === undefined || present.outlet !== this.#outlet;
    const isChanged = isNew || (history ?? "") !== this.#own.history;
    if (isChanged || at - this.#beatAt >= BEAT_INTERVAL) {
      if (isNew) [this.#trustedUntil, this.#trustsSince] = [-Infinity, Infinity];
      const { id, trusts, beat } = this.#own;
      const own = { id, outlet: this.#outlet, trusts: trusts && !isNew, beat: beat + 1, history: history ?? "" };
      if (isChanged) {
        await this.#save(own);
      } else {
        await store.beat(own);
        this.#own = { ...this.#own, beat: own.beat };
      }
      this.#beatAt = at;
      // Others may have begun to trust their outlet before they could see this replica.
      if (isNew && mustRead) all = await this.#reader.all(at);
    }
    if (isNew) this.#registeredAt = monotonic();
    const others = all.replicas.filter(({ id }) => id !== this.#own.id);
    for (const other of this.#others.filter((one) => this.#trustsElsewhere(one)))
      if (!others.some(({ id }) => id === other.id)) this.#missing.set(other.id, monotonic());
    for (const { id } of others) this.#missing.delete(id);
    this.#others = others;
    this.#checkedAt = at;
    await this.#removeSilent(at);
  }

  async #save(own: Replica): Promise<void> {
    await this.#dependencies.store.save(own);
    this.#own = own;
  }

  async #removeSilent(at: number): Promise<void> {
    this.#seen = new Map(this.#others.map(({ id, beat }) => {
      const known = this.#seen.get(id);
      return [id, known?.beat === beat ? known : { beat, at, isAlive: known !== undefined }];
    }));
    const silent = this.#others.filter(({ id }) => at - (this.#seen.get(id)?.at ?? at) > SILENCE_LIMIT);
    if (silent.length > 0) await this.#dependencies.store.remove(silent);
  }
}

/** Of an outlet that can't be reached, only this is known: there is one. */
function areDifferent(a: string | null, b: string | null): boolean {
  const isUnknown = [a, b].some((outlet) => outlet?.startsWith(UNKNOWN));
  return isUnknown ? a === null || b === null : a !== b;
}
