import { CLOCK_TOLERANCE } from "../shared/clock.js";
import type { Algorithm } from "./algorithms.js";
import type { KeyState, StoredKey } from "./store.js";

/** Seconds for which a verifier may keep the JWKS document. */
export const JWKS_MAX_AGE = 300;

/** When the ring turns. A new key is published, then signs, then only verifies, and then is gone. */
export interface Schedule {
  /** Milliseconds from a key's activation to its successor's; undefined: it turns only by hand. */
  period: number | undefined;
  /** Milliseconds for which a key is published before it signs, so that no verifier meets it unprepared. */
  lead: number;
  /** The longest life of a token in seconds. */
  longestTtl: number;
  /** What keys that are made from now on sign with. */
  algorithm: Algorithm;
}

/** Settings in seconds. A cache may hold the document for its max-age, and the verifier behind it for its own time. */
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

/** The instant (epoch ms) by which every token that a retired key may have signed has expired; null for any other. */
export const leavesAt = ({ state, retiredAt, longestTtl }: StoredKey, schedule: Schedule): number | null =>
  state === "retired" && retiredAt !== null
    ? retiredAt + (longestTtl ?? schedule.longestTtl) * 1000 + CLOCK_TOLERANCE
    : null;

/** The ring as it should be at `now` (epoch ms); the very same array where nothing is to be done. */
export function advance(keys: StoredKey[], now: number, schedule: Schedule): StoredKey[] {
  const next = keys.find((key) => reached(activatesAt(key, schedule), now));
  const turned = (next === undefined ? keys : activate(keys, next, now))
    .filter((key) => !reached(leavesAt(key, schedule), now))
    .map((key) => raiseLongestTtl(key, schedule));
  return turned.length === keys.length && turned.every((key, i) => key === keys[i]) ? keys : turned;
}

/** Whether it is time to publish the active key's successor: it is of age, or of an algorithm that was given up. */
export function wantsSuccessor(keys: StoredKey[], now: number, { period, lead, algorithm }: Schedule): boolean {
  const active = keys.find(({ state }) => state === "active");
  if (active === undefined || keys.some(({ state }) => state === "staged")) return false;
  if (active.algorithm !== algorithm) return true;
  if (period === undefined) return false;
  return now >= (active.activatedAt ?? active.createdAt) + period - lead;
}

/** `next` signs from `now` on, and what signed until then only verifies. */
export function activate(keys: StoredKey[], next: StoredKey, now: number): StoredKey[] {
  return keys.map((key) => {
    if (key === next) return { ...key, state: "active", activatedAt: now };
    return key.state === "active" ? { ...key, state: "retired", retiredAt: now } : key;
  });
}

/** A key that enters the ring. */
export function entering(
  key: Pick<StoredKey, "kid" | "algorithm" | "publicJwk" | "sealedPrivateKey">,
  state: Exclude<KeyState, "retired">,
  now: number,
): StoredKey {
  const activatedAt = state === "active" ? now : null;
  return { ...key, state, createdAt: now, activatedAt, retiredAt: null, longestTtl: null };
}

const reached = (instant: number | null, now: number): boolean => instant !== null && instant <= now;

/** The ring remembers the longest life there was: lowering the setting does not shorten tokens that are under way. */
function raiseLongestTtl(key: StoredKey, { longestTtl }: Schedule): StoredKey {
  const known = key.longestTtl ?? 0;
  return key.state === "active" && known < longestTtl ? { ...key, longestTtl } : key;
}
