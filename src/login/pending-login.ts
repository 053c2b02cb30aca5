import type { ResponseType } from "../clients/client.js";

/** What an application asked for at GET /auth/{provider}, with all of it checked. */
export interface AuthorizationRequest {
  clientId: string;
  redirectUri: string;
  responseType: ResponseType;
  /** The application's own, returned as it came; undefined where it sent none. */
  state: string | undefined;
  /** RFC 7636 §4.3, always S256. */
  codeChallenge: string | undefined;
}

/** A login on its way through a provider. Instants are epoch milliseconds. */
export interface Login extends AuthorizationRequest {
  /** SHA-256 of the state that the provider sends back. */
  stateHash: string;
  /** SHA-256 of the cookie that the browser was given. */
  browserHash: string;
  provider: string;
  nonce: string;
  codeVerifier: string;
  expiresAt: number;
}

export interface PendingLoginStore {
  begin(login: Login): Promise<void>;
  /** Removes the login and returns it: of any number of callers, on any replica, one gets it. */
  take(stateHash: string): Promise<Login | null>;
  /** Deletes up to `limit` logins with expiresAt <= before; returns how many. */
  sweep(before: number, limit: number): Promise<number>;
}
