import { type Clock, CLOCK_TOLERANCE } from "../shared/clock.js";
import type { Entry } from "./entry.js";
import { isSamePlace, type Place, type RevocationLog } from "./log.js";
import type { LogFollower } from "./log-follower.js";
import type { RevocationOutlet } from "./outlet.js";

interface Dependencies {
  outlet: RevocationOutlet;
  log: RevocationLog;
  follower: LogFollower;
  clock: Clock;
  /** Called with the number of entries that only the outlet had and that were appended to the log. */
  recovered: (entries: number) => void;
}

/** Whether the outlet holds the log up to this replica's place. */
export type OutletCondition = "current" | "filling" | "clock differs";

/** Makes an outlet follow the log. */
export class OutletFiller {
  readonly #dependencies: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  /** Rejects if the outlet can't be reached, or could not store a revocation. */
  async condition(): Promise<OutletCondition> {
    const { outlet, follower } = this.#dependencies;
    const { place, now } = await outlet.state();
    if (!this.#isRight(now)) return "clock differs";
    return place !== undefined && follower.recent.since(place) !== undefined ? "current" : "filling";
  }

  /** Whether the outlet holds everything that the log holds at the time of the call. */
  async holdsLog(): Promise<boolean> {
    const { outlet, follower } = this.#dependencies;
    await follower.current();
    const expected = follower.place;
    await this.advance();
    const { place, now } = await outlet.state();
    // It may be further by now.
    return place !== undefined && place.position >= expected.position && this.#isRight(now)
      && follower.recent.since(place) !== undefined;
  }

  /** Brings the outlet up to date with this replica's copy of the log. Rejects if it can't be reached. */
  async advance(): Promise<void> {
    const { outlet, follower } = this.#dependencies;
    if (!follower.isFilled) return;
    const { place, now, ahead } = await outlet.state();
    if (ahead.length > 0) {
      await this.#giveBack(ahead);
      await outlet.confirm(ahead);
    }
    // Its entries expire too early or too late. It is filled again once its clock is right.
    if (!this.#isRight(now)) return place && await outlet.invalidate();
    if (place !== undefined && isSamePlace(place, follower.place)) return;
    const missing = place && follower.recent.since(place);
    if (place !== undefined && missing !== undefined) return outlet.advance(missing, place, follower.place);
    await follower.current();
    if (place !== undefined && follower.recent.since(place) !== undefined) return; // it was ahead of this replica
    if (place === undefined || !await this.#isInLog(place)) {
      for await (const entries of outlet.entries()) await this.#giveBack(entries);
    }
    await outlet.fill(follower.index.entries(), follower.place);
  }

  async #isInLog(place: Place): Promise<boolean> {
    const [found] = await this.#dependencies.log.read(place.position, 1);
    return found !== undefined && isSamePlace(found, place);
  }

  /** Appends what the log lacks: it lost entries that the outlet still has, or another service put them there. */
  async #giveBack(entries: readonly Entry[]): Promise<void> {
    const { log, follower, recovered } = this.#dependencies;
    await follower.current();
    const horizon = await log.horizon();
    const lost = entries.filter((entry) => entry.expiresAt > horizon && !follower.index.includes(entry));
    if (lost.length === 0) return;
    await log.append(lost);
    await follower.current();
    recovered(lost.length);
  }

  #isRight(now: number): boolean {
    return Math.abs(now - this.#dependencies.clock()) < CLOCK_TOLERANCE;
  }
}
