import { unavailable } from "../shared/errors.js";
import { activate, advance, entering, type Schedule, stagedKey, wantsSuccessor } from "./rotation.js";
import type { KeyMaterial, SignerBackend } from "./signers/signer.js";
import { type PublicJwk, thumbprint } from "./signing-key.js";
import type { FormerKey, StoredKey } from "./store.js";

export interface ChangeContext { schedule: Schedule; signers: SignerBackend }

/** Computes the next ring at `now` (epoch ms). Resolves to the same array if nothing changes. */
export type Change = (keys: StoredKey[], now: number, context: ChangeContext) => Promise<StoredKey[]>;

/** Stages, activates and removes keys as the schedule says. */
export const applySchedule: Change = async (keys, now, context) => {
  const advanced = advance(keys, now, context.schedule);
  if (!wantsSuccessor(advanced, now, context.schedule)) return advanced;
  return withStaged(advanced, now, context);
};

/** Adds the next key, unless one is staged already. */
export const stage: Change = async (keys, now, context) =>
  stagedKey(keys, context.schedule) === undefined ? withStaged(keys, now, context) : keys;

const withStaged: Change = async (keys, now, context) =>
  [...keys.filter(({ state }) => state !== "staged"), await newKey("staged", now, context)];

/**
 * Adds an imported key, which signs at once. A staged key is removed: it was meant to succeed the key before, and must
 * not replace the imported one.
 */
export const adopt = (material: KeyMaterial): Change => async (keys, now, { schedule }) => {
  const key = stored(material, "active", now);
  return advance(activate([...keys.filter(({ state }) => state !== "staged"), key], key, now), now, schedule);
};

/** Removes a key. If it was the active one, the staged key or a new one becomes active. */
export const drop = (kid: string): Change => async (keys, now, context) => {
  const remaining = keys.filter((key) => key.kid !== kid);
  if (remaining.length === keys.length) return keys;
  if (remaining.some(({ state }) => state === "active")) return remaining;
  const next = remaining.find(({ state }) => state === "staged") ?? (await newKey("active", now, context));
  return activate([...remaining.filter((key) => key !== next), next], next, now);
};

/** Seals every key under the first key encryption key. */
export const reseal: Change = async (keys, _now, { signers }) => {
  const resealed = keys.map((key) => signers.reseal(key));
  if (resealed.every((form) => form === undefined)) return keys;
  return keys.map((key, i) => ({ ...key, sealedPrivateKey: resealed[i] ?? key.sealedPrivateKey }));
};

/** The keys that a change removed, for the record of former keys. `leftAt` is epoch ms. */
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
    throw unavailable("A signing key can't be generated right now: try again", cause);
  });
  return stored(material, state, now);
};

const stored = ({ kid, publicJwk, sealedPrivateKey }: KeyMaterial, state: "staged" | "active", now: number) =>
  entering({ kid, algorithm: publicJwk.alg, publicJwk: JSON.stringify(publicJwk), sealedPrivateKey }, state, now);
