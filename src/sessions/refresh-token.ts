import type { Name } from "../revocation/entry.js";
import type { Authorized } from "../tokens/authorized.js";
import type { MintRequest } from "../tokens/claims.js";

/** What a user or a platform granted, and with it what access tokens say: an authorization, or a request of /mint. */
export type RefreshGrant = { kind: "authorized"; authorized: Authorized } | { kind: "mint"; request: MintRequest };

/** The refresh tokens that follow one another from one grant: only the last one is good. Instants are epoch ms. */
export interface RefreshTokenFamily {
  /** A UUIDv7, which every token of the family contains. */
  id: string;
  /** SHA-256 of the token that is good now. */
  tokenHash: string;
  /** When that was issued: at the start, or by the last exchange. */
  issuedAt: number;
  /**
   * SHA-256 of the token that was exchanged for it. Undefined before the first exchange, and once nobody can ask for
   * the answer again.
   */
  previousHash: string | undefined;
  clientId: string;
  sub: string;
  sid: string;
  grant: RefreshGrant;
  createdAt: number;
  /** When it ends unless it is used before. */
  idleUntil: number;
  endsAt: number;
}

/** A family whose token was exchanged for the next one. `answer`: what was answered, sealed with the one before. */
export interface RotatedFamily extends Pick<RefreshTokenFamily, "id" | "tokenHash" | "issuedAt" | "idleUntil"> {
  previousHash: string;
  answer: string;
}

export interface RefreshTokenStore {
  start(families: readonly RefreshTokenFamily[]): Promise<void>;
  /** Those that exist, in any order. */
  findAll(ids: readonly string[]): Promise<RefreshTokenFamily[]>;
  /**
   * Replaces tokens. For each of them: false if `previousHash` is not the good one any more. Of concurrent
   * callers, on any replica, exactly one gets true.
   */
  rotate(rotated: readonly RotatedFamily[]): Promise<boolean[]>;
  /** The answer to the last exchange of a family, if that was of this token. It is far larger than all the rest. */
  answerTo(id: string, previousHash: string): Promise<string | undefined>;
  /** Deletes one family. */
  end(id: string): Promise<void>;
  /** Deletes the families of a subject, a session or a client that were created before an instant. */
  endNamed(name: Name, createdBefore: number): Promise<void>;
  endAll(): Promise<void>;
  /** Deletes up to `limit` families that ended at or before an instant; returns how many. */
  sweep(before: number, limit: number): Promise<number>;
  /** Forgets the exchanges until an instant, with their answers. */
  forgetRotations(before: number): Promise<void>;
}
