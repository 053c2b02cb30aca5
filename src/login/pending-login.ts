import type { ResponseType } from "../clients/client.js";
import type { LoginHints } from "../providers/login-hints.js";

/** How the answer travels (OAuth 2.0 Multiple Response Types §2.1, Form Post Response Mode). */
export const RESPONSE_MODES = ["query", "fragment", "form_post"] as const;
export type ResponseMode = (typeof RESPONSE_MODES)[number];

/** OAuth 2.0 Multiple Response Types §2.1 */
export const defaultMode = (type: ResponseType): ResponseMode => (type === "token" ? "fragment" : "query");

/** What a request at /authorize asks for besides (OpenID Connect Core §3.1.2.1 and §5.5, RFC 8707). */
export interface StandardRequest {
  scopes: string[];
  resources: string[];
  /** Names of single claims. */
  wanted: { userinfo: string[]; idToken: string[] };
  prompts: string[];
  nonce?: string | undefined;
  /** Seconds. */
  maxAge?: number | undefined;
  /** The only user that will do. */
  subject?: string | undefined;
  /** The only values of acr that will do. */
  acrValues?: string[] | undefined;
}

/** The application's request at /auth/{provider} or /authorize, after all checks. */
export interface AuthorizationRequest {
  clientId: string;
  redirectUri: string;
  responseType: ResponseType;
  responseMode: ResponseMode;
  /** Only of a request at /authorize. */
  standard?: StandardRequest | undefined;
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
