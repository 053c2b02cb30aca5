import type { ClientStore } from "../../clients/store.js";
import type { InstallationStore } from "../../shared/installation.js";
import type { KeyStore } from "../../keys/store.js";
import type { AuthorizationCodeStore } from "../../login/authorization-code.js";
import type { PendingLoginStore } from "../../login/pending-login.js";
import type { CutoffJournal } from "../../revocation/cutoff.js";
import type { RevocationJournal } from "../../revocation/journal.js";
import type { StatusListStore } from "../../status-lists/store.js";
import { authorizationCodeStore } from "./authorization-codes.js";
import { clientStore } from "./clients.js";
import { cutoffJournal } from "./cutoffs.js";
import { connect } from "./db.js";
import { installationStore } from "./installation.js";
import { loginStore } from "./logins.js";
import { mapDriverErrors } from "./driver-errors.js";
import { type FeedJournal, feedJournal } from "./revocation-feed.js";
import { revocationJournal } from "./revocations.js";
import { signingKeyStore } from "./signing-keys.js";
import { statusListStore } from "./status-lists.js";

export { migrate, pendingMigrations } from "./migrate.js";

export interface Database {
  clients: ClientStore;
  keys: KeyStore;
  logins: PendingLoginStore;
  authorizationCodes: AuthorizationCodeStore;
  revocations: RevocationJournal;
  cutoffs: CutoffJournal;
  feed: FeedJournal;
  statusLists: StatusListStore;
  installation: InstallationStore;
  /** Rejects where the database doesn't answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** `file:<path>` (the file and its folder are made where missing) or `postgres://…`. Expects the migrations applied. */
export async function openDatabase(url: string): Promise<Database> {
  const db = await connect(url);
  await db.prisma.$connect();
  return {
    clients: mapDriverErrors(clientStore(db)),
    keys: mapDriverErrors(signingKeyStore(db)),
    logins: mapDriverErrors(loginStore(db)),
    authorizationCodes: mapDriverErrors(authorizationCodeStore(db)),
    revocations: mapDriverErrors(revocationJournal(db)),
    cutoffs: mapDriverErrors(cutoffJournal(db)),
    feed: mapDriverErrors(feedJournal(db)),
    statusLists: mapDriverErrors(statusListStore(db)),
    installation: mapDriverErrors(installationStore(db)),
    ping: async () => { await db.prisma.$queryRaw`SELECT 1`; },
    close: () => db.prisma.$disconnect(),
  };
}
