/** What is wrong with a database that answers, for as long as no operator acts. */
export const DATABASE_FAULTS = {
  "read-only": {
    what: "is read-only",
    remedy: "let DATABASE_URL name the primary and set no default_transaction_read_only (PostgreSQL), or let this " +
      "user write the file and its folder (SQLite)",
  },
  full: { what: "has no room left on its disk", remedy: "make room, or raise the limit that it has reached" },
  denied: {
    what: "denies Authflow a permission",
    remedy: "let DATABASE_URL name the user who owns Authflow's tables, with its present password, and force no " +
      "row-level security on them",
  },
  missing: {
    what: "does not exist, or lacks a table or a column",
    remedy: "check DATABASE_URL, run authflow migrate, or restore a backup",
  },
  replaced: {
    what: "is a file that was deleted or replaced while it was in use",
    remedy: "put the file back; or stop Authflow, restore a backup without -wal and -shm files beside it, and start it",
  },
  damaged: { what: "is damaged", remedy: "restore a backup" },
} as const;

export type DatabaseFault = keyof typeof DATABASE_FAULTS;
/** `up`: it accepts what Authflow writes. */
export type DatabaseCondition = "up" | DatabaseFault;

/** Completes "The database …". */
export const databaseFaultText = (fault: DatabaseFault): string =>
  `${DATABASE_FAULTS[fault].what}: ${DATABASE_FAULTS[fault].remedy}`;
