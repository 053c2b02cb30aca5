import { unavailable } from "../shared/errors.js";
import { activate, advance, entering, type Schedule, wantsSuccessor } from "./rotation.js";
import type { KeyMaterial, SignerBackend } from "./signers/signer.js";
import { type PublicJwk, thumbprint } from "./signing-key.js";
import type { FormerKey, StoredKey } from "./store.js";

export interface ChangeContext { schedule: Schedule; signers: SignerBackend }

/** From a ring to the next one at `now` (epoch ms); the very same array where nothing is to be done. */
export type Change = (keys: StoredKey[], now: number, context: ChangeContext) => Promise<StoredKey[]>;

/** What is due by now: stages, activates, drops. */
export const turn: Change = async (keys, now, context) => {
  const turned = advance(keys, now, context.schedule);
  return wantsSuccessor(turned, now, context.schedule) ? [...turned, await newKey("staged", now, context)] : turned;
};

/** The next key, unless one is waiting already. */
export const stage: Change = async (keys, now, context) =>
  keys.some(({ state }) => state === "staged") ? keys : [...keys, await newKey("staged", now, context)];

/** A key that signs at once. Whoever imports it wants it to sign: a successor of the one before must not replace it. */
export const adopt = (material: KeyMaterial): Change => async (keys, now, { schedule }) => {
  const key = stored(material, "active", now);
  return advance(activate([...keys.filter(({ state }) => state !== "staged"), key], key, now), now, schedule);
};

/** The ring without a key; where that one signed, the staged one or a new one does. */
export const drop = (kid: string): Change => async (keys, now, context) => {
  const remaining = keys.filter((key) => key.kid !== kid);
  if (remaining.length === keys.length) return keys;
  if (remaining.some(({ state }) => state === "active")) return remaining;
  const next = remaining.find(({ state }) => state === "staged") ?? (await newKey("active", now, context));
  return activate([...remaining.filter((key) => key !== next), next], next, now);
};

/** Every key in the stored form that it should have by now. */
export const reseal: Change = async (keys, _now, { signers }) => {
  const resealed = keys.map((key) => signers.reseal(key));
  if (resealed.every((form) => form === undefined)) return keys;
  return keys.map((key, i) => ({ ...key, sealedPrivateKey: resealed[i] ?? key.sealedPrivateKey }));
};

/** The keys that a change drops, to be remembered. */
export const leaving = (before: StoredKey[], after: StoredKey[], leftAt: number): FormerKey[] =>
  before
    .filter(({ kid }) => !after.some((key) => key.kid === kid))
    .map(({ kid, publicJwk }) =>
      ({ kid, thumbprint: thumbprint(JSON.parse(publicJwk) as PublicJwk), leftAt, revokedAt: null }));

const newKey = async (
  state: "staged" | "active",
  now: number,
  { schedule, signers }: ChangeContext,
): Promise<StoredKey> => {
  const material = await signers.generate(schedule.algorithm).catch((cause: unknown) => {
    throw unavailable("A signing key can't be made right now: try again", cause);
  });
  return stored(material, state, now);
};

const stored = ({ kid, publicJwk, sealedPrivateKey }: KeyMaterial, state: "staged" | "active", now: number) =>
  entering({ kid, algorithm: publicJwk.alg, publicJwk: JSON.stringify(publicJwk), sealedPrivateKey }, state, now);
