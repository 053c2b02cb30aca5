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

/** Every OpenID provider has to be able to sign ID tokens with it (OpenID Connect Core §15.1). */
export const ALWAYS: Algorithm = "RS256";

/** The algorithms of which a key signs, the set one first. Keys of each turn by themselves. */
export const algorithmsOf = ({ algorithm }: Schedule): Algorithm[] => [...new Set([algorithm, ALWAYS])];

/**
 * Whether no key of this algorithm is to sign any more. A key that was made after this replica read its settings
 * follows newer settings of another replica.
 */
const isOutdated = (key: StoredKey, schedule: Schedule): boolean =>
  !algorithmsOf(schedule).some((one) => one === key.algorithm) && key.createdAt <= (schedule.readAt ?? Infinity);

export const keyOf = (keys: readonly StoredKey[], algorithm: string, state: KeyState): StoredKey | undefined =>
  keys.find((key) => key.algorithm === algorithm && key.state === state);

/**
 * The key that signs all but ID tokens of clients that chose another algorithm: of the set algorithm, or of the former
 * one until then.
 */
export function signingKey(keys: readonly StoredKey[], schedule: Schedule): StoredKey | undefined {
  const active = keys.filter(({ state }) => state === "active");
  return keyOf(active, schedule.algorithm, "active")
    ?? active.find(({ algorithm }) => algorithm !== ALWAYS) ?? active[0];
}

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
  const due = keys.filter((key) => !(key.state === "staged" && isOutdated(key, schedule)));
  const next = due.filter((key) => reached(activatesAt(key, schedule), now));
  const left = retireOutdated(next.reduce((ring, key) => activate(ring, key, now), due), now, schedule)
    .filter((key) => !reached(leavesAt(key, schedule), now));
  const advanced = raiseLongestTtls(left, schedule);
  return advanced.length === keys.length && advanced.every((key, i) => key === keys[i]) ? keys : advanced;
}

/** The algorithms without a staged key. A staged key that follows newer settings is in place of one of the set ones. */
export const unstaged = (keys: StoredKey[], schedule: Schedule): Algorithm[] => {
  const all = algorithmsOf(schedule);
  const isFollowed = keys.some(({ state, algorithm }) => state === "staged" && !all.some((one) => one === algorithm));
  return all.filter((one) => keyOf(keys, one, "staged") === undefined && !(isFollowed && one === schedule.algorithm));
};

/**
 * The algorithm whose next key is to be published now: the active key is old enough, or there is none. Undefined: it is
 * not time yet.
 */
export function dueAlgorithm(keys: StoredKey[], now: number, schedule: Schedule): Algorithm | undefined {
  const { period, lead } = schedule;
  return unstaged(keys, schedule).find((algorithm) => {
    const active = keyOf(keys, algorithm, "active");
    if (active === undefined) return true;
    return period !== undefined && now >= (active.activatedAt ?? active.createdAt) + period - lead;
  });
}

/** From `now` on, `next` signs, and the key of its algorithm that was active until then only verifies. */
export function activate(keys: StoredKey[], next: StoredKey, now: number): StoredKey[] {
  return keys.map((key) => {
    if (key === next) return { ...key, state: "active", activatedAt: now };
    return key.state === "active" && key.algorithm === next.algorithm ? retired(key, now) : key;
  });
}

/** Not at once: replicas may have different settings for a while, and a command may lack one. */
function retireOutdated(keys: StoredKey[], now: number, schedule: Schedule): StoredKey[] {
  const { algorithm, lead, readAt = now } = schedule;
  if (keyOf(keys, algorithm, "active") === undefined || now < readAt + lead) return keys;
  return keys.map((key) => (key.state === "active" && isOutdated(key, schedule) ? retired(key, now) : key));
}

const retired = (key: StoredKey, now: number): StoredKey => ({ ...key, state: "retired", retiredAt: now });

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
