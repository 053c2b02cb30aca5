import type { KeySummary } from "./key-ring.js";
import type { KeyState } from "./store.js";

/** A signing key as operators see it. Instants are RFC 3339; null: has not happened, or does not apply to its state. */
export interface PresentedKey {
  kid: string;
  algorithm: string;
  state: KeyState;
  created_at: string;
  activated_at: string | null;
  retired_at: string | null;
  /** When a staged key will sign. */
  activates_at: string | null;
  /** When a retired key will leave the JWKS. */
  leaves_at: string | null;
}

export const presentKey = (key: KeySummary): PresentedKey => ({
  kid: key.kid,
  algorithm: key.algorithm,
  state: key.state,
  created_at: new Date(key.createdAt).toISOString(),
  activated_at: instant(key.activatedAt),
  retired_at: instant(key.retiredAt),
  activates_at: instant(key.activatesAt),
  leaves_at: instant(key.leavesAt),
});

const instant = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());
