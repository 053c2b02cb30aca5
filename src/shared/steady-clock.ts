import { type Clock, CLOCK_TOLERANCE } from "./clock.js";

/** Milliseconds; more between two readings than time has passed is a step of the system's clock. */
const STEP = 100;
/** Milliseconds by which replicas may disagree without anything going wrong: half of what cut-offs allow. */
const AGREEMENT = 125;

/**
 * The system's clock, whose steps it does not follow by itself: the births of tokens, by which cut-offs tell which of
 * them they end, must not jump. All replicas agree by following the clock of the database that they share.
 */
export class SteadyClock {
  readonly #wall: () => number;
  readonly #monotonic: () => number;
  #offset = 0;
  #wallBefore: number;
  #monotonicBefore: number;
  #followedAt: number | undefined;

  constructor({ wall, monotonic }: { wall: () => number; monotonic: () => number }) {
    this.#wall = wall;
    this.#monotonic = monotonic;
    this.#wallBefore = wall();
    this.#monotonicBefore = monotonic();
  }

  readonly read: Clock = () => {
    const [wall, monotonic] = [this.#wall(), this.#monotonic()];
    const stepped = wall - this.#wallBefore - (monotonic - this.#monotonicBefore);
    if (Math.abs(stepped) > STEP) this.#offset -= stepped;
    this.#wallBefore = wall;
    this.#monotonicBefore = monotonic;
    return Math.round(wall + this.#offset);
  };

  /**
   * Takes over the time of the clock that is shared, `null` where there is none, which was read somewhen during the last
   * `roundTrip` milliseconds. Returns by how many milliseconds it was corrected.
   */
  follow(shared: number | null, roundTrip: number): number {
    const now = this.read();
    const passed = this.#monotonic() - (this.#followedAt ?? -Infinity);
    this.#followedAt = this.#monotonic();
    const correction = shared === null ? this.#towardsOwn(this.#wallBefore - now, passed)
      : this.#towardsShared(shared - (now - roundTrip / 2), roundTrip);
    this.#offset += correction;
    return Math.round(correction);
  }

  /** A look that took long tells too little; what is within reason is left alone. */
  #towardsShared(behind: number, roundTrip: number): number {
    return Math.abs(behind) > AGREEMENT + roundTrip / 2 && roundTrip < CLOCK_TOLERANCE ? behind : 0;
  }

  /** Ahead at once, as after a sleep; back never: rather it runs at half speed until the system's clock has caught up. */
  #towardsOwn(behind: number, passed: number): number {
    return behind > 0 ? behind : Math.max(behind, -passed / 2);
  }
}
