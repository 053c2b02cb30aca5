import type { IdentityClaims } from "../tokens/claims.js";

/** How a user logged in, where the provider says it (OpenID Connect Core §2). `authTime` is seconds since 1970. */
export interface LoginFacts { authTime: number; acr?: string | undefined; amr?: string[] | undefined }

/** A login that lasts, so that further applications in the same browser need none. Instants are epoch milliseconds. */
export interface Session {
  /** The claim `sid` of its tokens: random, and no secret. */
  sid: string;
  claims: IdentityClaims;
  facts: LoginFacts;
  createdAt: number;
  /** It ends then unless it is used before. */
  idleUntil: number;
  /** It ends then in any case. */
  endsAt: number;
}

/** What ends sessions: all of a subject, or one. Those that were created before an instant (epoch ms). */
export type SessionEnd = { sub: string; before: number } | { sid: string; before: number };

/** The cookie's value is stored as SHA-256. */
export interface SessionStore {
  insert(session: Session, cookieHash: string): Promise<void>;
  find(cookieHash: string): Promise<Session | null>;
  /** The same session after another login of its user. False if it has ended. */
  renew(session: Session, cookieHash: string): Promise<boolean>;
  /** Puts off the end of its idle lifetime. */
  touch(sid: string, idleUntil: number): Promise<void>;
  end(which: SessionEnd): Promise<void>;
  endAll(): Promise<void>;
  /** Deletes up to `limit` sessions that ended at or before an instant; returns how many. */
  sweep(before: number, limit: number): Promise<number>;
}
