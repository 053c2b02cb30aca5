import { CLOCK_TOLERANCE } from "../shared/clock.js";
import type { Algorithm } from "./algorithms.js";
import type { KeyState, StoredKey } from "./store.js";

/** Seconds for which a verifier may keep the JWKS document. */
export const JWKS_MAX_AGE = 300;

/** When keys change state. A new key is first published, then signs, then only verifies, and is then removed. */
export interface Schedule {
  /** Milliseconds from a key's activation to its successor's; undefined: keys rotate only by hand. */
  period: number | undefined;
  /** Milliseconds for which a key is published before it signs, so that every verifier has it by then. */
  lead: number;
  /** The longest lifetime, in seconds, of a token that this installation issues. */
  longestTtl: number;
  /** The key that the settings import, and the longest lifetime, in seconds, of tokens that another service signed. */
  imported?: { kid: string; longestTtl: number };
  /** The algorithm of new keys. */
  algorithm: Algorithm;
  /** When this replica read its settings (epoch ms). Undefined: after every key of the ring was made. */
  readAt?: number;
}

/**
 * Parameters are in seconds. A shared cache may keep the JWKS document for its max-age, and a verifier behind that
 * cache for `verifierCache` more.
 */
export function scheduleOf(
  rotation: number | undefined,
  verifierCache: number,
  longestTtl: number,
  algorithm: Algorithm = "RS256",
): Schedule {
  return {
    period: rotation === undefined ? undefined : rotation * 1000,
    lead: (JWKS_MAX_AGE + verifierCache) * 1000 + CLOCK_TOLERANCE,
    longestTtl,
    algorithm,
  };
}

/** The instant (epoch ms) from which a staged key may sign; null for any other. */
export const activatesAt = ({ state, createdAt }: StoredKey, { lead }: Schedule): number | null =>
  state === "staged" ? createdAt + lead : null;

/**
 * Whether a staged key has an algorithm that is no longer the set one. It must not sign, and another key replaces it. A
 * key that was staged after this replica read its settings follows newer settings of another replica.
 */
const isOutdated = (key: StoredKey, { algorithm, readAt = Infinity }: Schedule): boolean =>
  key.state === "staged" && key.algorithm !== algorithm && key.createdAt <= readAt;

/** The staged key; undefined if there is none, or if another key has to replace it. */
export const stagedKey = (keys: StoredKey[], schedule: Schedule): StoredKey | undefined =>
  keys.find((key) => key.state === "staged" && !isOutdated(key, schedule));

/**
 * The longest lifetime, in seconds, of a token that the key may have signed. The ring keeps the longest that was ever
 * set: lowering a setting does not shorten tokens that were issued before.
 */
export function longestTtlOf({ kid, state, longestTtl }: StoredKey, schedule: Schedule): number {
  const issuedHere = state === "retired" ? longestTtl ?? schedule.longestTtl
    : Math.max(longestTtl ?? 0, schedule.longestTtl);
  return kid === schedule.imported?.kid ? Math.max(issuedHere, schedule.imported.longestTtl) : issuedHere;
}

/** Records a longer lifetime that the settings allow now. Returns the same array if nothing changes. */
export function raiseLongestTtls(keys: StoredKey[], schedule: Schedule): StoredKey[] {
  const raised = keys.map((key) => {
    const longestTtl = longestTtlOf(key, schedule);
    const maySign = key.state === "active" || key.kid === schedule.imported?.kid;
    return maySign && longestTtl !== key.longestTtl ? { ...key, longestTtl } : key;
  });
  return raised.every((key, i) => key === keys[i]) ? keys : raised;
}

/** The instant (epoch ms) by which every token that a retired key may have signed has expired; null for any other. */
export const leavesAt = (key: StoredKey, schedule: Schedule): number | null =>
  key.state === "retired" && key.retiredAt !== null
    ? key.retiredAt + longestTtlOf(key, schedule) * 1000 + CLOCK_TOLERANCE
    : null;

/** The ring as it should be at `now` (epoch ms). Returns the same array if nothing changes. */
export function advance(keys: StoredKey[], now: number, schedule: Schedule): StoredKey[] {
  const next = keys.find((key) => reached(activatesAt(key, schedule), now) && !isOutdated(key, schedule));
  const left = (next === undefined ? keys : activate(keys, next, now))
    .filter((key) => !reached(leavesAt(key, schedule), now));
  const advanced = raiseLongestTtls(left, schedule);
  return advanced.length === keys.length && advanced.every((key, i) => key === keys[i]) ? keys : advanced;
}

/**
 * Whether to publish the active key's successor now, in place of a staged key if there is one: the active key is old
 * enough, or the algorithm of one of the two is no longer the set one.
 */
export function wantsSuccessor(keys: StoredKey[], now: number, schedule: Schedule): boolean {
  const { period, lead, algorithm } = schedule;
  const active = keys.find(({ state }) => state === "active");
  if (active === undefined || stagedKey(keys, schedule) !== undefined) return false;
  if (keys.some(({ state }) => state === "staged")) return true;
  if (active.algorithm !== algorithm) return true;
  if (period === undefined) return false;
  return now >= (active.activatedAt ?? active.createdAt) + period - lead;
}

/** From `now` on, `next` signs, and the key that was active until then only verifies. */
export function activate(keys: StoredKey[], next: StoredKey, now: number): StoredKey[] {
  return keys.map((key) => {
    if (key === next) return { ...key, state: "active", activatedAt: now };
    return key.state === "active" ? { ...key, state: "retired", retiredAt: now } : key;
  });
}

/** The stored form of a key that enters the ring at `now` (epoch ms). */
export function entering(
  key: Pick<StoredKey, "kid" | "algorithm" | "publicJwk" | "sealedPrivateKey">,
  state: Exclude<KeyState, "retired">,
  now: number,
): StoredKey {
  const activatedAt = state === "active" ? now : null;
  return { ...key, state, createdAt: now, activatedAt, retiredAt: null, longestTtl: null };
}

const reached = (instant: number | null, now: number): boolean => instant !== null && instant <= now;
