import { createPrivateKey, type KeyObject } from "node:crypto";
import type { Config } from "../../src/config/config.js";
import { loadConfig } from "../../src/config/load.js";
import { localKeyEncryptionKey } from "../../src/keys/key-encryption-key.js";
import { seal, unseal } from "../../src/keys/sealing.js";
import { exportPrivateKey, generateSigningKey, type KeyPair } from "../../src/keys/signing-key.js";
import type { StoredKey } from "../../src/keys/store.js";
import { openDatabase } from "../../src/stores/prisma/database.js";
import type { TestApp } from "./app.js";
import { migratedSqlite, type Suite } from "./services.js";

/** The private key that the app signs with, for tests that forge with it. */
export async function privateKeyOf({ fastify: { config, database, keys } }: TestApp): Promise<KeyObject> {
  const { kid } = keys.signer;
  const { sealedPrivateKey } = (await database.keys.load()).keys.find((key) => key.kid === kid) as StoredKey;
  const key = unseal(keyEncryptionKeyOf(config), kid, sealedPrivateKey);
  return createPrivateKey({ key, format: "der", type: "pkcs8" });
}

const keyEncryptionKeyOf = ({ keyEncryptionKey, dataDir }: Config): Buffer =>
  keyEncryptionKey ?? localKeyEncryptionKey(dataDir);

/** The URL of a SQLite file as an earlier start left it: migrated, and with a signing key. */
export async function usedSqlite(t: Suite): Promise<string> {
  const url = await migratedSqlite(t);
  await giveKeyRing(loadConfig({ DATABASE_URL: url }), Date.now());
  return url;
}

/** Whether the service makes its own key, of the usual kind: the one that `giveKeyRing` gives. */
export const hasPlainKey = ({ signingKey, signingAlgorithm }: Config): boolean =>
  signingKey === undefined && signingAlgorithm === "RS256";

let pair: Promise<KeyPair> | undefined;

/**
 * Gives a migrated database, which is still unused, the ring that an earlier start at `now` (epoch ms) would have left.
 * The key is the same for every app of this process: making one costs more than the rest of the start.
 */
export async function giveKeyRing(config: Config, now: number): Promise<void> {
  const { kid, publicJwk, privateKey } = await (pair ??= generateSigningKey("RS256"));
  const sealedPrivateKey = seal(keyEncryptionKeyOf(config), kid, exportPrivateKey({ kid, publicJwk, privateKey }));
  const database = await openDatabase(config.databaseUrl);
  try {
    await database.keys.save(0, [{
      kid, algorithm: "RS256", state: "active", publicJwk: JSON.stringify(publicJwk), sealedPrivateKey,
      createdAt: now, activatedAt: now, retiredAt: null, longestTtl: config.tokenTtlMax,
    }]);
  } finally {
    await database.close();
  }
}
