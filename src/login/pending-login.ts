import type { ResponseType } from "../clients/client.js";

/** The application's request at GET /auth/{provider}, after all checks. */
export interface AuthorizationRequest {
  clientId: string;
  redirectUri: string;
  responseType: ResponseType;
  /** The application's own, returned unchanged; undefined if it sent none. */
  state: string | undefined;
  /** RFC 7636 §4.3, always S256. */
  codeChallenge: string | undefined;
}

/** A login in progress. Instants are epoch milliseconds. */
export interface Login extends AuthorizationRequest {
  /** SHA-256 of the state that the provider sends back. */
  stateHash: string;
  /** SHA-256 of the browser's cookie for this login. */
  browserHash: string;
  provider: string;
  nonce: string;
  codeVerifier: string;
  expiresAt: number;
}

export interface PendingLoginStore {
  begin(login: Login): Promise<void>;
  /** Removes the login and returns it. Of concurrent callers, on any replica, exactly one gets it. */
  take(stateHash: string): Promise<Login | null>;
  /** Deletes up to `limit` logins with expiresAt <= before; returns how many. */
  sweep(before: number, limit: number): Promise<number>;
}
