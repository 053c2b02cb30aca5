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
  /** Called with the number of entries that only the outlet still knew and that were appended to the log. */
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

  /** Brings the outlet up to date with this replica's copy of the log. Rejects if it can't be reached. */
  async advance(): Promise<void> {
    const { outlet, follower } = this.#dependencies;
    if (!follower.isFilled) return;
    const { place, now } = await outlet.state();
    // Its entries expire too early or too late. It is filled again once its clock is right.
    if (!this.#isRight(now)) return place && await outlet.invalidate();
    if (place !== undefined && isSamePlace(place, follower.place)) return;
    const missing = place && follower.recent.since(place);
    if (place !== undefined && missing !== undefined) return outlet.advance(missing, place, follower.place);
    // It may be ahead of this replica's copy of the log.
    await follower.current();
    if (place !== undefined && follower.recent.since(place) !== undefined) return;
    if (place !== undefined) await this.#recover(place);
    await outlet.fill(follower.index.entries(), follower.place);
  }

  /** Its place is not at the log's end. If the log never had this place, appends what only the outlet still knows. */
  async #recover(place: Place): Promise<void> {
    const { outlet, log, follower, recovered } = this.#dependencies;
    const [found] = await log.read(place.position, 1);
    if (found !== undefined && isSamePlace(found, place)) return;
    let count = 0;
    const horizon = await log.horizon();
    for await (const page of outlet.entries()) {
      const lost = page.filter((entry: Entry) => entry.expiresAt > horizon && !follower.index.includes(entry));
      if (lost.length > 0) await log.append(lost, place.position);
      count += lost.length;
    }
    await follower.current();
    if (count > 0) recovered(count);
  }

  #isRight(now: number): boolean {
    return Math.abs(now - this.#dependencies.clock()) < CLOCK_TOLERANCE;
  }
}
