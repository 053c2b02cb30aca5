import type { ConsentStore } from "../authorization/consents.js";
import type { PushedRequestStore } from "../authorization/pushed-requests.js";
import type { PermissionUseStore } from "../clients/permission-uses.js";
import type { UsedValueStore } from "../clients/client-assertion.js";
import type { ClientStore } from "../clients/store.js";
import type { KeyStore } from "../keys/store.js";
import type { AuthorizationCodeStore } from "../login/authorization-code.js";
import type { LoginChallengeStore } from "../login/login-challenge.js";
import type { FinishedLoginStore } from "../login/pending-login.js";
import type { ReplicaStore } from "../revocation/replica-store.js";
import type { RevocationLog } from "../revocation/log.js";
import type { SessionStore } from "../sessions/session.js";
import type { RefreshTokenStore } from "../sessions/refresh-token.js";
import type { DatabaseCondition } from "../shared/database-fault.js";
import type { InstallationStore } from "../shared/installation.js";
import type { StatusListStore } from "../status-lists/store.js";

/** The stores of one database. Each interface is defined by the module that uses it. */
export interface Stores {
  clients: ClientStore;
  permissionUses: PermissionUseStore;
  usedValues: UsedValueStore;
  keys: KeyStore;
  finishedLogins: FinishedLoginStore;
  loginChallenges: LoginChallengeStore;
  authorizationCodes: AuthorizationCodeStore;
  pushedRequests: PushedRequestStore;
  consents: ConsentStore;
  sessions: SessionStore;
  refreshTokens: RefreshTokenStore;
  revocations: RevocationLog;
  replicas: ReplicaStore;
  statusLists: StatusListStore;
  installation: InstallationStore;
}

export interface Database extends Stores {
  /**
   * Calls `changed` soon after any process appended to the revocation log, where the database can tell. Returns how to
   * stop.
   */
  listen(changed: () => void): () => Promise<void>;
  /** Whether it accepts what Authflow writes. Rejects if the database does not answer. */
  condition(): Promise<DatabaseCondition>;
  close(): Promise<void>;
}
