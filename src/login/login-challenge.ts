import type { Identity } from "../providers/identity.js";
import type { LoginHints } from "../providers/login-hints.js";

/** What the platform's login page is asked. The challenge holds it, sealed. Instants are epoch milliseconds. */
export interface LoginChallenge {
  state: string;
  /** Where the browser comes back. */
  redirectUri: string;
  clientId: string;
  hints: LoginHints;
  scopes: string[];
  resources: string[];
  startedAt: number;
  expiresAt: number;
}

/** What the platform's backend says. `at`: when, epoch milliseconds. */
export type LoginAnswer = { identity: Identity; at: number } | { error: string; description: string };

/** An answer in the database. */
export interface StoredAnswer {
  /** SHA-256 of the login's state. */
  stateHash: string;
  /** The client that answered. */
  clientId: string;
  /** SHA-256 of its request, by which a repetition is known. */
  requestHash: string;
  /** A sealed LoginAnswer; undefined once the browser came back. */
  answer: string | undefined;
  /** Epoch milliseconds. */
  expiresAt: number;
}

export interface LoginChallengeStore {
  /** Keeps the first answer to a login. Resolves to it, whoever gave it, on any replica. */
  answer(answer: StoredAnswer): Promise<StoredAnswer>;
  find(stateHash: string): Promise<StoredAnswer | null>;
  /** Takes the answer away. False if it was taken already: of concurrent callers exactly one gets true. */
  take(stateHash: string): Promise<boolean>;
  /** Deletes up to `limit` answers with expiresAt <= before; returns how many. */
  sweep(before: number, limit: number): Promise<number>;
}
