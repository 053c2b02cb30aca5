import { createCipheriv, createDecipheriv, createHash, hash, randomBytes } from "node:crypto";

const VERSION = "v1";
const fingerprint = (kek: Buffer): string =>
  createHash("sha256").update("authflow kek").update(kek).digest("base64url").slice(0, 8);

/**
 * AES-256-GCM (NIST SP 800-38D) of `plaintext` under `kek` (32 bytes) with `context` as associated data, so that a
 * ciphertext can't be moved to another row. The form is `v1.<kek fingerprint>.<iv>.<ciphertext>.<tag>`, base64url.
 */
export function seal(kek: Buffer, context: string, plaintext: Buffer): string {
  const iv = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", kek, iv).setAAD(Buffer.from(context));
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return [
    VERSION,
    fingerprint(kek),
    ...[iv, ciphertext, cipher.getAuthTag()].map((part) => part.toString("base64url")),
  ].join(".");
}

/** Whether `sealed` was made under `kek`. */
export const isSealedUnder = (kek: Buffer, sealed: string): boolean => sealed.split(".")[1] === fingerprint(kek);

/** As `unseal`, with the one of `keks` (at least one) under which `sealed` was made. */
export function unsealWithOneOf(keks: readonly Buffer[], context: string, sealed: string): Buffer {
  const kek = keks.find((one) => isSealedUnder(one, sealed)) ?? keks[0];
  if (kek === undefined) throw new TypeError("There is no key encryption key to unseal with");
  return unseal(kek, context, sealed);
}

/** Opposite of `seal`. Throws an error with the remedy if the key or the context is not the one used for sealing. */
export function unseal(kek: Buffer, context: string, sealed: string): Buffer {
  const [version, sealedUnder, ...parts] = sealed.split(".");
  if (version !== VERSION || parts.length !== 3)
    throw new Error(`Signing key ${context} is stored in a form that this version does not know: update Authflow`);
  if (sealedUnder !== fingerprint(kek)) {
    throw new Error(
      `AUTHFLOW_KEY_ENCRYPTION_KEY is not the key under which signing key ${context} was encrypted: ` +
        "set the one this database was first started with",
    );
  }
  const [iv, ciphertext, tag] = parts.map((part) => Buffer.from(part, "base64url")) as [Buffer, Buffer, Buffer];
  try {
    const decipher = createDecipheriv("aes-256-gcm", kek, iv, { authTagLength: 16 })
      .setAAD(Buffer.from(context))
      .setAuthTag(tag);
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  } catch (cause) {
    throw new Error(`Signing key ${context} was altered in the database: its seal does not verify`, { cause });
  }
}

/** Seals a value in its JSON form. */
export const sealJson = (kek: Buffer, context: string, value: object): string =>
  seal(kek, context, Buffer.from(JSON.stringify(value)));

/** Opposite of `sealJson`. Undefined unless it was sealed under one of `keks` (at least one) with this context. */
export function unsealJson<T>(keks: readonly Buffer[], context: string, sealed: string): T | undefined {
  try {
    return JSON.parse(unsealWithOneOf(keks, context, sealed).toString()) as T;
  } catch {
    return undefined;
  }
}

/**
 * A key for what only the holder of a secret may open, such as a code that was issued: who reads the database, which
 * knows digests only, can't. `purpose` separates its uses.
 */
export const keyFromSecret = (purpose: string, secret: string): Buffer =>
  hash("sha256", `${purpose} ${secret}`, "buffer");
