/** What all replicas on one database share: its name, and two counters that tell what changed since a replica last looked. */
export interface Installation {
  id: string;
  clientRevision: number;
  ringRevision: number;
  /** The database server's clock, epoch ms; null where it is this machine's (SQLite). */
  now: number | null;
}

export interface InstallationStore {
  /** Reads the installation's row, creating it on a new database; concurrent callers get the same one. */
  load(): Promise<Installation>;
}
