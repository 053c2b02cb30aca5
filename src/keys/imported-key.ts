import type { KeyMaterial } from "./signers/signer.js";
import { type PublicJwk, thumbprint } from "./signing-key.js";
import type { FormerKey, StoredKey } from "./store.js";

/** A private key from the settings. */
export interface ImportedKey {
  pem: string;
  /** If undefined, it gets its RFC 7638 thumbprint. */
  kid: string | undefined;
  /** The longest lifetime, in seconds, of a token that another service signed with it. */
  longestTtl: number;
}

/** Whether the ring has this key. Throws if another key has its kid. */
export function isKnown(keys: StoredKey[], { kid, publicJwk }: KeyMaterial): boolean {
  const known = keys.find((key) => key.kid === kid);
  if (known === undefined) return false;
  if (thumbprint(JSON.parse(known.publicJwk) as PublicJwk) !== thumbprint(publicJwk)) {
    throw new Error(
      `The imported signing key has the kid ${kid}, which another key of this installation has: ` +
        "set JWT_KEY_ID to a new one",
    );
  }
  return true;
}

/** Whether a former key had this kid, or this key was revoked under any kid. */
export const wasKnown = (former: FormerKey[], key: KeyMaterial): boolean =>
  former.some(({ kid }) => kid === key.kid) || isRevoked(former, key);

export function isRevoked(former: FormerKey[], { publicJwk }: KeyMaterial): boolean {
  const name = thumbprint(publicJwk);
  return former.some((key) => key.revokedAt !== null && key.thumbprint === name);
}
