import { unavailable } from "../shared/errors.js";
import type { Algorithm } from "./algorithms.js";
import {
  activate, advance, ALWAYS, algorithmsOf, dueAlgorithm, entering, keyOf, type Schedule, unstaged,
} from "./rotation.js";
import type { KeyMaterial, SignerBackend } from "./signers/signer.js";
import { type PublicJwk, thumbprint } from "./signing-key.js";
import type { FormerKey, StoredKey } from "./store.js";

export interface ChangeContext { schedule: Schedule; signers: SignerBackend }

/** Computes the next ring at `now` (epoch ms). Resolves to the same array if nothing changes. */
export type Change = (keys: StoredKey[], now: number, context: ChangeContext) => Promise<StoredKey[]>;

/** Stages, activates and removes keys as the schedule says. */
export const applySchedule: Change = async (keys, now, context) => {
  const advanced = await complete(advance(keys, now, context.schedule), now, context);
  const algorithm = dueAlgorithm(advanced, now, context.schedule);
  return algorithm === undefined ? advanced : [...advanced, await newKey(algorithm, "staged", now, context)];
};

/**
 * Adds a key of the algorithm that every deployment has, beside the set one. It signs at once: nobody has a token by it
 * yet, or expects one.
 */
export const complete: Change = async (keys, now, context) =>
  context.schedule.algorithm === ALWAYS || keyOf(keys, ALWAYS, "active") !== undefined ? keys
    : [...keys, await newKey(ALWAYS, "active", now, context)];

/** Adds the next key of each algorithm, unless it is staged already. */
export const stage: Change = async (keys, now, context) => {
  const current = advance(keys, now, context.schedule);
  const missing = unstaged(current, context.schedule);
  if (missing.length === 0) return current;
  return [...current, ...await Promise.all(missing.map((one) => newKey(one, "staged", now, context)))];
};

/**
 * Adds an imported key, which signs at once. A staged key is removed: it was meant to succeed the key before, and must
 * not replace the imported one.
 */
export const adopt = (material: KeyMaterial): Change => async (keys, now, { schedule }) => {
  const key = stored(material, "active", now);
  return advance(activate([...keys.filter(({ state }) => state !== "staged"), key], key, now), now, schedule);
};

/** Removes a key. If it was active, the staged key of its algorithm or a new one becomes active. */
export const drop = (kid: string): Change => async (keys, now, context) => {
  const dropped = keys.find((key) => key.kid === kid);
  if (dropped === undefined) return keys;
  const remaining = keys.filter((key) => key !== dropped);
  if (dropped.state !== "active") return remaining;
  const { schedule } = context;
  const algorithm = algorithmsOf(schedule).find((one) => one === dropped.algorithm) ?? schedule.algorithm;
  if (keyOf(remaining, algorithm, "active") !== undefined) return remaining;
  const next = keyOf(remaining, algorithm, "staged") ?? await newKey(algorithm, "active", now, context);
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
  algorithm: Algorithm,
  state: "staged" | "active",
  now: number,
  { signers }: ChangeContext,
): Promise<StoredKey> => {
  const material = await signers.generate(algorithm).catch((cause: unknown) => {
    throw unavailable("A signing key can't be generated right now: try again", cause);
  });
  return stored(material, state, now);
};

const stored = ({ kid, publicJwk, sealedPrivateKey }: KeyMaterial, state: "staged" | "active", now: number) =>
  entering({ kid, algorithm: publicJwk.alg, publicJwk: JSON.stringify(publicJwk), sealedPrivateKey }, state, now);
