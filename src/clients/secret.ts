import { hash, randomBytes, timingSafeEqual } from "node:crypto";
import type { StoredSecret } from "./client.js";

/** Secret scanners recognise the prefix. */
export const SECRET_PREFIX = "authflow_secret_";

/** 256 random bits: entropy makes the slow hash of a password needless (docs/adr). */
export const newSecret = (): string => SECRET_PREFIX + randomBytes(32).toString("base64url");

export const hashSecret = (secret: string): string => hash("sha256", secret, "base64url");

const NOBODY: StoredSecret[] = [{ hash: hashSecret(newSecret()), expiresAt: null }];

/** Constant time per stored secret; a client that is unknown or public is compared with a secret that nobody has. */
export function secretMatches(stored: readonly StoredSecret[] | undefined, presented: string, now: number): boolean {
  const presentedHash = Buffer.from(hashSecret(presented));
  let matches = false;
  for (const { hash: storedHash, expiresAt } of stored?.length ? stored : NOBODY) {
    const equal = timingSafeEqual(Buffer.from(storedHash), presentedHash);
    if (equal && (expiresAt === null || now < expiresAt)) matches = stored !== undefined;
  }
  return matches;
}
