/** staged: published, not signing yet; active: signs; retired: only verifies. */
export type KeyState = "staged" | "active" | "retired";

export interface StoredKey {
  /** RFC 7638 thumbprint, or the kid that the operator set for an imported key. */
  kid: string;
  algorithm: string;
  state: KeyState;
  /** The public JWK as JSON text. */
  publicJwk: string;
  /** The PKCS #8 private key, sealed under the key encryption key with the kid as associated data. */
  sealedPrivateKey: string;
  /** Epoch ms, as the two below; null: has not happened. */
  createdAt: number;
  activatedAt: number | null;
  retiredAt: number | null;
  /** The longest lifetime, in seconds, of a token that it may have signed; null if not recorded yet. */
  longestTtl: number | null;
}

/** A key that is no longer in the ring. */
export interface FormerKey {
  kid: string;
  /** RFC 7638: identifies the key itself, whatever its kid was. */
  thumbprint: string;
  /** Epoch ms. */
  leftAt: number;
  /** Epoch ms; null if it left by age. */
  revokedAt: number | null;
}

export interface StoredRing { revision: number; keys: StoredKey[] }

export interface KeyStore {
  /** Revision 0 and no keys on a new installation. Keys come in the order of their creation. */
  load(): Promise<StoredRing>;
  /**
   * Compare-and-swap: if the ring's revision still is `expectedRevision`, replaces the ring by exactly `keys` and sets
   * its revision to `expectedRevision + 1`. Returns false, and writes nothing, if another replica was faster. The keys
   * in `leaving` are recorded permanently.
   */
  save(expectedRevision: number, keys: StoredKey[], leaving?: FormerKey[]): Promise<boolean>;
  /** The keys that left the ring, in the order of their kids. */
  former(): Promise<FormerKey[]>;
}
