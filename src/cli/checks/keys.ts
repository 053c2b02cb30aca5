import type { Config } from "../../config/config.js";
import { scheduleOf } from "../../keys/rotation.js";
import { isSealedUnder, unsealWithOneOf } from "../../keys/sealing.js";
import type { StoredKey } from "../../keys/store.js";
import { reason } from "../../shared/loggable-error.js";
import type { Finding } from "./check.js";

const DAY = 86_400_000;
/** Milliseconds after which a key counts as old if keys do not rotate by themselves. */
const OLD = 90 * DAY;

/** Checks at `now` (epoch ms) whether the keys rotate and are encrypted as the settings say. */
export const checkKeys = (keys: StoredKey[], config: Config, now: number): Finding[] =>
  [...checkAge(keys, config, now), ...checkEncryption(keys, config)];

function checkEncryption(keys: StoredKey[], { keyEncryptionKey, formerKeyEncryptionKeys }: Config): Finding[] {
  if (keyEncryptionKey === undefined) return []; // it is in the data folder; reading it could create it
  try {
    const keks = [keyEncryptionKey, ...formerKeyEncryptionKeys];
    for (const key of keys) unsealWithOneOf(keks, key.kid, key.sealedPrivateKey);
  } catch (error) {
    return [["fail", reason(error)]];
  }
  if (formerKeyEncryptionKeys.length === 0) return [];
  const old = keys.filter(({ sealedPrivateKey }) => !isSealedUnder(keyEncryptionKey, sealedPrivateKey)).length;
  return [["note", old > 0
    ? `${old} of ${keys.length} signing keys are encrypted under an old entry of AUTHFLOW_KEY_ENCRYPTION_KEY: ` +
      "authflow keys reencrypt"
    : "AUTHFLOW_KEY_ENCRYPTION_KEY has entries that are no longer in use: keep only the first"]];
}

function checkAge(keys: StoredKey[], { keyRotation, verifierCache, tokenTtlMax }: Config, now: number): Finding[] {
  const { period, lead } = scheduleOf(keyRotation, verifierCache, tokenTtlMax);
  return keys.filter(({ state }) => state === "active").map(({ kid, createdAt, activatedAt }) => {
    const age = now - (activatedAt ?? createdAt);
    const signs = `key ${kid} has signed for ${Math.floor(age / DAY)} days`;
    if (age <= (period ?? OLD) + lead) return ["ok", signs];
    if (period === undefined) return ["note", `${signs}, and AUTHFLOW_KEY_ROTATION is off: authflow keys rotate`];
    return ["note", `${signs}, longer than AUTHFLOW_KEY_ROTATION: it rotates while the service runs (authflow serve)`];
  });
}
