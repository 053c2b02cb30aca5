import { createPrivateKey, type KeyObject } from "node:crypto";
import { localKeyEncryptionKey } from "../../src/keys/key-encryption-key.js";
import { unseal } from "../../src/keys/sealing.js";
import type { StoredKey } from "../../src/keys/store.js";
import type { TestApp } from "./app.js";

/** The private key that the app signs with, for tests that forge with it. */
export async function privateKeyOf({ fastify: { config, database, keys } }: TestApp): Promise<KeyObject> {
  const { kid } = keys.signer;
  const { sealedPrivateKey } = (await database.keys.load()).keys.find((key) => key.kid === kid) as StoredKey;
  const key = unseal(config.keyEncryptionKey ?? localKeyEncryptionKey(config.dataDir), kid, sealedPrivateKey);
  return createPrivateKey({ key, format: "der", type: "pkcs8" });
}
