import type { Revocation } from "./journal.js";

/** What every service that shares it can read at once: `revoked:<jti>`, gone by itself when the token expires. */
export interface SharedFace {
  /** True: revoked. False: not. Undefined: out of reach, or not known to hold all that the journal holds. Never rejects. */
  has(jti: string): Promise<boolean | undefined>;
  /** Resolves when all of them stand in it, each for the rest of its token's life after `now` (epoch ms). */
  show(revocations: readonly Revocation[], now: number): Promise<void>;
  /** Whether it holds all that the journal holds. Rejects when out of reach. */
  isComplete(): Promise<boolean>;
  /**
   * Runs `fill`, which shows everything, and then declares the face complete — unless it lost its contents meanwhile.
   * Resolves to whether it is complete now.
   */
  fill(fill: () => Promise<void>): Promise<boolean>;
}
