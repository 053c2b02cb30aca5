import { type Clock, CLOCK_TOLERANCE } from "./clock.js";

/** Milliseconds. A difference between the wall clock's and the monotonic clock's progress above this is a step. */
const STEP = 100;
/** Milliseconds by which replicas may disagree without harm: half of CUTOFF_TOLERANCE. */
const AGREEMENT = 125;

/**
 * The system's clock without its steps: cut-offs compare the times at which tokens were issued, so these must not
 * jump. All replicas agree because they follow the clock of the database that they share.
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
   * Corrects this clock by the shared one. `shared` is its time, read during the last `roundTrip` milliseconds; `null`
   * if there is no shared clock. Returns the correction in milliseconds.
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

  /** A reading that took long is too imprecise; a small difference needs no correction. */
  #towardsShared(behind: number, roundTrip: number): number {
    return Math.abs(behind) > AGREEMENT + roundTrip / 2 && roundTrip < CLOCK_TOLERANCE ? behind : 0;
  }

  /** Forward at once, as after a sleep. Never back: it runs at half speed until the system's clock has caught up. */
  #towardsOwn(behind: number, passed: number): number {
    return behind > 0 ? behind : Math.max(behind, -passed / 2);
  }
}
