import { digest, randomSecret, sameDigest } from "../shared/digest.js";
import type { StoredSecret } from "./client.js";

/** Secret scanners recognise the prefix. */
export const SECRET_PREFIX = "authflow_secret_";

/** 256 random bits: entropy makes the slow hash of a password needless (docs/adr). */
export const newSecret = (): string => SECRET_PREFIX + randomSecret();

const NOBODY: StoredSecret[] = [{ hash: digest(newSecret()), expiresAt: null }];

/** Constant time per stored secret; a client that is unknown or public is compared with a secret that nobody has. */
export function secretMatches(stored: readonly StoredSecret[] | undefined, presented: string, now: number): boolean {
  const presentedHash = digest(presented);
  let matches = false;
  for (const { hash: storedHash, expiresAt } of stored?.length ? stored : NOBODY) {
    const equal = sameDigest(storedHash, presentedHash);
    if (equal && (expiresAt === null || now < expiresAt)) matches = stored !== undefined;
  }
  return matches;
}
