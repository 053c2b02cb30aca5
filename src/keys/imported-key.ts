import type { KeyPair, PublicJwk } from "./signing-key.js";
import type { FormerKey, StoredKey } from "./store.js";

/** A key that the settings bring along; without a kid it gets its RFC 7638 thumbprint. */
export interface ImportedKey { pem: string; kid: string | undefined }

/** Whether the ring has this key; throws where its kid is another key's. */
export function isKnown(keys: StoredKey[], { kid, publicJwk }: KeyPair): boolean {
  const known = keys.find((key) => key.kid === kid);
  if (known === undefined) return false;
  if ((JSON.parse(known.publicJwk) as PublicJwk).n !== publicJwk.n) {
    throw new Error(
      `The imported signing key has the kid ${kid}, which another key of this installation bears: ` +
        "set JWT_KEY_ID to a new one",
    );
  }
  return true;
}

/** Whether the ring had this key under this kid. */
export const wasKnown = (former: FormerKey[], { kid }: KeyPair): boolean => former.some((key) => key.kid === kid);
