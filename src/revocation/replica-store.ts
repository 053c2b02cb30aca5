/** The beat of a process that has left. Its row stays for a while: to the others, a missing row may have been lost. */
export const LEFT = -1;

/** A running process that may append to the log. */
export interface Replica {
  id: string;
  /** Which outlet it writes revocations to before it acknowledges them; null: none. */
  outlet: string | null;
  /** Whether it may answer from that outlet while it can't read the log. */
  trusts: boolean;
  /** Raised from time to time while the process lives; LEFT: it acknowledges nothing any more. */
  beat: number;
  /**
   * The history of the log to which it has appended what it knew; see LogPage. Empty: not known yet. Null: its version
   * does not say so.
   */
  history: string | null;
}

export interface Roster { replicas: Replica[]; history: string | null }

/** The running processes, in the database. */
export interface ReplicaStore {
  /** While it is the same, `all` resolves to the same, except for beats. */
  version(): Promise<string>;
  /** All rows, and the history that they were read from; see LogPage. */
  all(): Promise<Roster>;
  /** Adds the replica, or replaces it. Durable when it resolves. */
  save(replica: Replica): Promise<void>;
  /** Replaces the beat only. Nothing happens if the replica was removed. */
  beat(replica: Pick<Replica, "id" | "beat">): Promise<void>;
  /** Removes replicas of which `beat` did not change. */
  remove(replicas: readonly Pick<Replica, "id" | "beat">[]): Promise<void>;
}
