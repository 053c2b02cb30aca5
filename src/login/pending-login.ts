import type { ResponseType } from "../clients/client.js";
import type { LoginHints } from "../providers/login-hints.js";

/** The application's request at GET /auth/{provider}, after all checks. */
export interface AuthorizationRequest {
  clientId: string;
  redirectUri: string;
  responseType: ResponseType;
  /** The application's own, returned unchanged; undefined if it sent none. */
  state: string | undefined;
  /** RFC 7636 §4.3, always S256. */
  codeChallenge: string | undefined;
  /** What the provider gets too. */
  hints: LoginHints;
}

/** A login in progress. The browser keeps it, sealed. */
export interface Login extends AuthorizationRequest {
  provider: string;
  codeVerifier: string;
  /** Epoch milliseconds. */
  expiresAt: number;
}

/** The logins that can't be finished again. Instants are epoch milliseconds. */
export interface FinishedLoginStore {
  /**
   * Records that the login with this state is finished; `stateHash` is its SHA-256. False if it was finished already:
   * of concurrent callers, on any replica, exactly one gets true.
   */
  finish(stateHash: string, expiresAt: number): Promise<boolean>;
  isFinished(stateHash: string): Promise<boolean>;
  /** Keeps the sealed answer of a finished login. */
  keepAnswer(stateHash: string, answer: string): Promise<void>;
  /** Undefined if there is none yet. */
  answerOf(stateHash: string): Promise<string | undefined>;
  /** Deletes up to `limit` records with expiresAt <= before; returns how many. */
  sweep(before: number, limit: number): Promise<number>;
}
