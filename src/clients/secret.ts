import { digest, randomSecret, sameDigest } from "../shared/digest.js";
import type { StoredSecret } from "./client.js";

/** Lets secret scanners find secrets that were published by mistake. */
export const SECRET_PREFIX = "authflow_secret_";

/** 256 random bits: they can't be guessed, so no slow password hash is needed (docs/adr/0001). */
export const newSecret = (): string => SECRET_PREFIX + randomSecret();

const UNUSED_SECRET: StoredSecret[] = [{ hash: digest(newSecret()), expiresAt: null }];

/**
 * Whether one of the stored secrets matches and has not expired at `now` (epoch ms). Takes constant time for each
 * stored secret; for a client that is unknown or public, compares with a secret that no client has.
 */
export function secretMatches(stored: readonly StoredSecret[] | undefined, presented: string, now: number): boolean {
  const presentedHash = digest(presented);
  let matches = false;
  for (const { hash: storedHash, expiresAt } of stored?.length ? stored : UNUSED_SECRET) {
    const equal = sameDigest(storedHash, presentedHash);
    if (equal && (expiresAt === null || now < expiresAt)) matches = stored !== undefined;
  }
  return matches;
}
