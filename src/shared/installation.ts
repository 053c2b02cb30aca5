/** What all replicas on one database share. */
export interface Installation {
  /** A UUID. */
  id: string;
  /** Raised by each change of a client. */
  clientRevision: number;
  /** Raised by each change of the signing keys. */
  ringRevision: number;
  /** The database server's clock, epoch ms; null if it is this machine's (SQLite). */
  now: number | null;
  /**
   * Names the history of commits that the revisions belong to. When it changes, commits may be lost, and an equal
   * revision does not mean an equal state. Null: not known (SQLite, a standby).
   */
  history: string | null;
}

export interface InstallationStore {
  /** Reads the installation's row and creates it in a new database; concurrent callers get the same row. */
  load(): Promise<Installation>;
  /** As `load`, but undefined in a new database. */
  find(): Promise<Installation | undefined>;
}
