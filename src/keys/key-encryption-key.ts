import { randomBytes, randomUUID } from "node:crypto";
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Reads the key encryption key (32 bytes) from the data folder; creates it (mode 0600) if it is missing. */
export function localKeyEncryptionKey(dataDir: string): Buffer {
  const path = join(dataDir, "key-encryption.key");
  if (!existsSync(path)) make(path);
  const key = Buffer.from(readFileSync(path, "utf8"), "base64");
  if (key.length !== 32)
    throw new Error(
      `${path} does not hold 32 bytes in base64: restore it, because the signing keys are encrypted under it`);
  return key;
}

function make(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${randomUUID()}`;
  writeFileSync(draft, `${randomBytes(32).toString("base64")}\n`, { mode: 0o600, flush: true });
  try {
    linkSync(draft, path); // atomic, and never replaces a file that another process made first
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}
