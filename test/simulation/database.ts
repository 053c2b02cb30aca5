import type { Entry, Name } from "../../src/revocation/entry.js";
import type { LogEntry, RevocationLog } from "../../src/revocation/log.js";
import type { Replica, ReplicaStore } from "../../src/revocation/replica-store.js";
import { unavailable } from "../../src/shared/errors.js";
import type { Link, Network } from "./link.js";
import { START } from "./virtual-time.js";

interface Contents {
  entries: readonly LogEntry[];
  head: number;
  horizon: number;
  replicas: readonly Replica[];
  /** Another one after each change of `replicas`, except a beat. */
  replicaVersion: string;
}

/** A database with the log, as PostgreSQL holds it: transactions, a lock on the log's head, and backups. */
export class Database {
  readonly #network: Network;
  /** What each commit left behind; the last one is what the database holds now. */
  #commits: Contents[] = [{ entries: [], head: 0, horizon: START - 24 * 3_600_000, replicas: [], replicaVersion: "" }];
  /** Counts the servers: a transaction ends with the server that it began on. A restored backup counts as another. */
  #server = 0;
  #lock: Promise<void> = Promise.resolve();
  isUp = true;
  isWritable = true;
  /** Called after each commit and each loss. */
  changed: () => void = () => undefined;
  /** Called when an entry was committed (LISTEN and NOTIFY). */
  notify: () => void = () => undefined;

  constructor(network: Network) {
    this.#network = network;
  }

  get contents(): Contents { return this.#commits.at(-1) as Contents; }
  get commits(): number { return this.#commits.length; }

  get #history(): string { return `${this.#server}`; }

  /** A backup is restored: the last commits are gone. It may be older than the replicas, and name none of them. */
  restore(commits: number, isOlder: boolean): void {
    this.lose(commits);
    if (isOlder) this.#commit({ replicas: [] });
  }

  /** It goes back: the last commits are gone. Returns how many. */
  lose(commits: number): number {
    const lost = Math.min(commits, this.#commits.length - 1);
    this.#commits.length -= lost;
    this.#server++;
    this.#lock = Promise.resolve();
    this.changed();
    return lost;
  }

  /** The log as a process sees it through its connection. */
  connect(link: Link): RevocationLog {
    return {
      append: (entries, above = 0) => link.call(() => this.#append(entries, above), true),
      read: (from, limit) => link.call(() => {
        this.#check();
        const entries = this.contents.entries.filter(({ position }) => position >= from).slice(0, limit);
        return { entries, history: this.#history };
      }),
      find: (names) => link.call(() => {
        this.#check();
        return this.contents.entries.filter((entry) => names.some((name) => isSame(name, entry)));
      }),
      horizon: () => link.call(() => {
        this.#check();
        return this.contents.horizon;
      }),
      moveHorizon: (from, to) => link.call(() => {
        this.#check(true);
        if (this.contents.horizon !== from) return false;
        this.#commit({ horizon: to });
        return true;
      }),
      sweep: (limit) => link.call(() => {
        this.#check(true);
        const { entries, head, horizon } = this.contents;
        const isExpired = ({ expiresAt, position }: LogEntry): boolean => expiresAt <= horizon && position < head;
        const gone = entries.filter(isExpired).slice(0, limit);
        if (gone.length > 0) this.#commit({ entries: entries.filter((entry) => !gone.includes(entry)) });
        return gone.length;
      }),
    };
  }

  /** The running processes as a process sees them through its connection. */
  connectReplicas(link: Link): ReplicaStore {
    const changeTo = (replicas: readonly Replica[]): void => {
      this.#commit({ replicas, replicaVersion: this.#network.random.hex(16) });
    };
    return {
      version: () => link.call(() => {
        this.#check();
        return `${this.contents.replicaVersion} ${this.#history}`;
      }),
      all: () => link.call(() => {
        this.#check();
        return { replicas: [...this.contents.replicas], history: this.#history };
      }),
      save: (replica) => link.call(() => {
        this.#check(true);
        const others = this.contents.replicas.filter(({ id }) => id !== replica.id);
        changeTo([...others, replica]);
      }),
      beat: ({ id, beat }) => link.call(() => {
        this.#check(true);
        const { replicas } = this.contents;
        this.#commit({ replicas: replicas.map((replica) => (replica.id === id ? { ...replica, beat } : replica)) });
      }),
      remove: (replicas) => link.call(() => {
        this.#check(true);
        const isSilent = ({ id, beat }: Replica): boolean =>
          replicas.some((replica) => replica.id === id && replica.beat === beat);
        changeTo(this.contents.replicas.filter((replica) => !isSilent(replica)));
      }),
    };
  }

  /** The positions are taken under the lock, which is held until the commit. */
  async #append(entries: readonly Entry[], above: number): Promise<void> {
    this.#check(true);
    const { random, time } = this.#network;
    const server = this.#server;
    let unlock: () => void = () => undefined;
    const locked = this.#lock;
    this.#lock = new Promise((resolve) => { unlock = resolve; });
    try {
      await locked;
      if (server !== this.#server) throw unavailable("The connection was lost");
      const base = Math.max(this.contents.head, above);
      await time.sleep(random.chance(0.8) ? random.between(0, 5) : random.between(5, 100));
      if (server !== this.#server) throw unavailable("The connection was lost");
      this.#check(true);
      const added = entries.map((entry, index) => ({ ...entry, position: base + 1 + index, tag: random.hex(8) }));
      const all = [...this.contents.entries, ...added].sort((a, b) => a.position - b.position);
      this.#commit({ entries: all, head: base + entries.length });
      this.notify();
    } finally {
      unlock();
    }
  }

  #commit(change: Partial<Contents>): void {
    this.#commits.push({ ...this.contents, ...change });
    this.changed();
  }

  #check(forWriting = false): void {
    if (!this.isUp || (forWriting && !this.isWritable)) throw unavailable("The database does not answer");
  }
}

const isSame = (a: Name, b: Name): boolean => a.scope === b.scope && a.value === b.value;
