import { type Clock, CLOCK_TOLERANCE, MAX_CLOCK_SKEW } from "./clock.js";

/** Milliseconds. A difference between the wall clock's and the monotonic clock's progress above this is a step. */
const STEP = 100;
/** Milliseconds by which replicas may disagree without harm: half of CUTOFF_TOLERANCE. */
const AGREEMENT = 125;
/** Milliseconds. Some systems give the time since their start in whole seconds: a shorter sleep can't be recognised. */
const SHORTEST_SLEEP = 2000;

/** A machine's clocks, in milliseconds. */
export interface MachineClocks {
  /** Since the epoch. It can be set. */
  wall: () => number;
  /** Never set. It may stand still while the machine sleeps. */
  monotonic: () => number;
  /** Since the machine's start, with the time that it slept. Never set. */
  uptime: () => number;
}

/**
 * The system's clock without its steps: cut-offs compare the times at which tokens were issued, so these must not
 * jump. All replicas agree because they follow the clock of the database that they share. If that clock and the
 * machine's differ by more than MAX_CLOCK_SKEW, one of them is wrong, and this clock follows neither.
 */
export class SteadyClock {
  readonly #machine: MachineClocks;
  #offset = 0;
  #wallBefore: number;
  #monotonicBefore: number;
  /** How long the machine slept since its start. */
  #slept: number;
  #followedAt: number | undefined;
  /** By how much the machine's clock was ahead of the shared one at the latest reading; 0 if there is none. */
  #aheadOfShared = 0;

  constructor(machine: MachineClocks) {
    this.#machine = machine;
    this.#wallBefore = machine.wall();
    this.#monotonicBefore = machine.monotonic();
    this.#slept = machine.uptime() - this.#monotonicBefore;
  }

  readonly read: Clock = () => {
    const [wall, monotonic] = [this.#machine.wall(), this.#machine.monotonic()];
    const stepped = wall - this.#wallBefore - (monotonic - this.#monotonicBefore);
    if (Math.abs(stepped) > STEP) this.#offset -= stepped - this.#sleepWithin(stepped, monotonic);
    this.#wallBefore = wall;
    this.#monotonicBefore = monotonic;
    return Math.round(wall + this.#offset);
  };

  /**
   * Milliseconds by which the machine's clock is ahead: of the shared clock, or of this one if it was set since, or if
   * none is shared.
   */
  get skew(): number {
    const now = this.read();
    const ahead = this.#wallBefore - now;
    return Math.round(Math.abs(ahead) > Math.abs(this.#aheadOfShared) ? ahead : this.#aheadOfShared);
  }

  /** Whether the clocks that this replica knows agree within MAX_CLOCK_SKEW. */
  get isSynchronised(): boolean { return Math.abs(this.skew) <= MAX_CLOCK_SKEW; }

  /**
   * Corrects this clock by the shared one. `shared` is its time, read during the last `roundTrip` milliseconds; `null`
   * if there is no shared clock. Returns the correction in milliseconds.
   */
  follow(shared: number | null, roundTrip: number): number {
    const now = this.read();
    const { monotonic } = this.#machine;
    const passed = monotonic() - (this.#followedAt ?? -Infinity);
    this.#followedAt = monotonic();
    const correction = shared === null ? this.#towardsOwn(this.#wallBefore - now, passed)
      : this.#towardsShared(shared + roundTrip / 2, now, roundTrip);
    this.#offset += correction;
    return Math.round(correction);
  }

  /** A reading that took long is too imprecise; a small difference needs no correction. */
  #towardsShared(shared: number, now: number, roundTrip: number): number {
    if (roundTrip >= CLOCK_TOLERANCE) return 0;
    this.#aheadOfShared = this.#wallBefore - shared;
    const behind = shared - now;
    return isTolerable(this.#aheadOfShared) && Math.abs(behind) > AGREEMENT + roundTrip / 2 ? behind : 0;
  }

  /** Forward at once. Never back: it runs at half speed until the system's clock has caught up. */
  #towardsOwn(behind: number, passed: number): number {
    if (!isTolerable(behind)) return 0;
    return behind > 0 ? behind : Math.max(behind, -passed / 2);
  }

  /** How much of a step forward is time that the machine slept, which the monotonic clock may leave out. */
  #sleepWithin(stepped: number, monotonic: number): number {
    const before = this.#slept;
    this.#slept = this.#machine.uptime() - monotonic;
    const slept = this.#slept - before;
    return slept < SHORTEST_SLEEP ? 0 : Math.max(0, Math.min(slept, stepped));
  }
}

const isTolerable = (difference: number): boolean => Math.abs(difference) <= MAX_CLOCK_SKEW;
