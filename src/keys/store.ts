/** staged: published, not signing yet; active: signs; retired: only verifies. */
export type KeyState = "staged" | "active" | "retired";

export interface StoredKey {
  /** RFC 7638 thumbprint, unless an imported key brought its own. */
  kid: string;
  algorithm: string;
  state: KeyState;
  /** The public JWK as JSON text. */
  publicJwk: string;
  /** The PKCS #8 private key, sealed under the key encryption key with the kid as associated data. */
  sealedPrivateKey: string;
  createdAt: number;
  activatedAt: number | null;
  retiredAt: number | null;
  /** The longest life, in seconds, of a token that it may have signed; null where no replica has said so yet. */
  longestTtl: number | null;
}

/** A key that is no longer in the ring. */
export interface FormerKey {
  kid: string;
  /** RFC 7638: names the key itself, under whatever kid it was known. */
  thumbprint: string;
  leftAt: number;
  /** Null where it left by age. */
  revokedAt: number | null;
}

export interface StoredRing { revision: number; keys: StoredKey[] }

export interface KeyStore {
  /** Revision 0 and no keys on a new installation. Keys come in the order of their creation. */
  load(): Promise<StoredRing>;
  /**
   * Compare-and-swap: makes the ring consist of exactly `keys` and its revision `expectedRevision + 1`, if its revision
   * still is `expectedRevision`. False, and nothing written, where another instance was faster. `leaving` are
   * remembered for good.
   */
  save(expectedRevision: number, keys: StoredKey[], leaving?: FormerKey[]): Promise<boolean>;
  /** Those that left, in the order of their kids. */
  former(): Promise<FormerKey[]>;
}
