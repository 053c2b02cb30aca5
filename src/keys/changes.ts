import { activate, advance, entering, type Schedule, wantsSuccessor } from "./rotation.js";
import { isSealedUnder, seal, unsealWithOneOf } from "./sealing.js";
import { exportPrivateKey, generateSigningKey, type KeyPair, type PublicJwk, thumbprint } from "./signing-key.js";
import type { FormerKey, StoredKey } from "./store.js";

/** What making a key takes: the first of `keks` seals, all of them unseal. */
export interface Making { schedule: Schedule; keks: readonly [Buffer, ...Buffer[]] }

/** From a ring to the next one at `now` (epoch ms); the very same array where nothing is to be done. */
export type Change = (keys: StoredKey[], now: number, making: Making) => Promise<StoredKey[]>;

/** What is due by now: stages, activates, drops. */
export const turn: Change = async (keys, now, making) => {
  const turned = advance(keys, now, making.schedule);
  return wantsSuccessor(turned, now, making.schedule) ? [...turned, await newKey("staged", now, making)] : turned;
};

/** The next key, unless one is waiting already. */
export const stage: Change = async (keys, now, making) =>
  keys.some(({ state }) => state === "staged") ? keys : [...keys, await newKey("staged", now, making)];

/** A key that signs at once. Whoever imports it wants it to sign: a successor of the one before must not replace it. */
export const adopt = (pair: KeyPair): Change => async (keys, now, { schedule, keks: [kek] }) => {
  const key = sealed(pair, "active", now, kek);
  return advance(activate([...keys.filter(({ state }) => state !== "staged"), key], key, now), now, schedule);
};

/** The ring without a key; where that one signed, the staged one or a new one does. */
export const drop = (kid: string): Change => async (keys, now, making) => {
  const remaining = keys.filter((key) => key.kid !== kid);
  if (remaining.length === keys.length) return keys;
  if (remaining.some(({ state }) => state === "active")) return remaining;
  const next = remaining.find(({ state }) => state === "staged") ?? (await newKey("active", now, making));
  return activate([...remaining.filter((key) => key !== next), next], next, now);
};

/** Under the first key encryption key what another one sealed. */
export const reseal: Change = async (keys, _now, { keks }) => {
  const [kek] = keks;
  if (keys.every(({ sealedPrivateKey }) => isSealedUnder(kek, sealedPrivateKey))) return keys;
  return keys.map((key) =>
    ({ ...key, sealedPrivateKey: seal(kek, key.kid, unsealWithOneOf(keks, key.kid, key.sealedPrivateKey)) }));
};

/** The keys that a change drops, to be remembered. */
export const leaving = (before: StoredKey[], after: StoredKey[], leftAt: number): FormerKey[] =>
  before
    .filter(({ kid }) => !after.some((key) => key.kid === kid))
    .map(({ kid, publicJwk }) =>
      ({ kid, thumbprint: thumbprint(JSON.parse(publicJwk) as PublicJwk), leftAt, revokedAt: null }));

const newKey = async (state: "staged" | "active", now: number, { schedule, keks: [kek] }: Making): Promise<StoredKey> =>
  sealed(await generateSigningKey(schedule.algorithm), state, now, kek);

const sealed = (pair: KeyPair, state: "staged" | "active", now: number, kek: Buffer): StoredKey =>
  entering({
    kid: pair.kid, algorithm: pair.publicJwk.alg, publicJwk: JSON.stringify(pair.publicJwk),
    sealedPrivateKey: seal(kek, pair.kid, exportPrivateKey(pair)),
  }, state, now);
