import { type Clock, CLOCK_TOLERANCE } from "../shared/clock.js";
import type { Entry } from "./entry.js";
import { hasPlace, isSamePlace, type LogEntry, type Place, type RevocationLog } from "./log.js";
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

/** Entries that are put while the condition is asked for; with more, the outlet is called filling. */
const CONDITION_LIMIT = 1000;
/** Entries that are put at a time: while Redis runs a transaction, it answers nobody else. */
const PAGE = 2000;

/** Whether the outlet holds the log up to this replica's place. */
export type OutletCondition = "current" | "filling" | "clock differs";

/** Makes an outlet follow the log. */
export class OutletFiller {
  readonly #dependencies: Dependencies;
  #advanced: Promise<void> = Promise.resolve();

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  /** Rejects if the outlet can't be reached, or could not store a revocation. */
  async condition(): Promise<OutletCondition> {
    const { outlet, follower } = this.#dependencies;
    const { place, now } = await outlet.state();
    if (!this.#isRight(now)) return "clock differs";
    if (place === undefined) return "filling";
    // Another replica may have moved it on to entries that this one has not read yet.
    if (follower.isFilled && follower.recent.since(place) === undefined)
      await follower.current().catch(() => undefined);
    const missing = follower.recent.since(place);
    if (missing === undefined || missing.length > CONDITION_LIMIT) return "filling";
    // A logout put what follows its place. But it may have gone back to a dump since, and lack that.
    if (missing.length > 0) await outlet.advance(missing, place, follower.place);
    return "current";
  }

  /** Whether the outlet holds everything that the log held when this was called. Rejects if either can't be read. */
  async holdsLog(): Promise<boolean> {
    const { outlet, follower } = this.#dependencies;
    await follower.current();
    const { position } = follower.place;
    await this.advance();
    const { place, now } = await outlet.state();
    return place !== undefined && place.position >= position && this.#isRight(now)
      && follower.recent.since(place) !== undefined;
  }

  /** Brings the outlet up to date with this replica's copy of the log. Rejects if it can't be reached. */
  advance(): Promise<void> {
    // One at a time: two fills of one process would share its lease, and each complete what the other has not written.
    const advanced = this.#advanced.then(() => this.#advance());
    this.#advanced = advanced.catch(() => undefined);
    return advanced;
  }

  async #advance(): Promise<void> {
    const { outlet, follower, clock } = this.#dependencies;
    if (!follower.isFilled) return;
    const { place, now, unconfirmed } = await outlet.state();
    // Its entries expire too early or too late. It is filled again once its clock is right.
    if (!this.#isRight(now)) return place && await outlet.invalidate();
    if (unconfirmed.some((entry) => !follower.index.includes(entry))) await this.#giveBack(unconfirmed);
    if (place !== undefined && isSamePlace(place, follower.place)) {
      const covered = unconfirmed.filter((entry) => entry.expiresAt <= clock() || follower.index.includes(entry));
      return covered.length > 0 ? outlet.confirm(covered) : undefined;
    }
    const missing = place && follower.recent.since(place);
    if (place !== undefined && missing !== undefined) return this.#advanceBy(missing, place);
    await follower.current();
    if (place !== undefined && follower.recent.since(place) !== undefined) return; // it was ahead of this replica
    await outlet.fill(async () => {
      await this.#recover(place);
      return { entries: this.#live(), place: follower.place };
    });
  }

  /** Each page moves the place: if the outlet loses a page meanwhile, its place is not the expected one, and stays. */
  async #advanceBy(missing: readonly LogEntry[], from: Place): Promise<void> {
    for (let at = 0, place = from; at < missing.length; at += PAGE) {
      const page = missing.slice(at, at + PAGE);
      const { position, tag } = page.at(-1) as LogEntry;
      await this.#dependencies.outlet.advance(page, place, { position, tag });
      place = { position, tag };
    }
  }

  /** What has expired would be deleted there at once. */
  * #live(): Generator<Entry> {
    const { follower, clock } = this.#dependencies;
    const expired = clock() - CLOCK_TOLERANCE;
    for (const entry of follower.index.entries()) if (entry.expiresAt > expired) yield entry;
  }

  /** If the log does not have the outlet's place, or it has none, it may hold entries that the log has lost. */
  async #recover(place: Place | undefined): Promise<void> {
    const { outlet, log } = this.#dependencies;
    if (place !== undefined && await hasPlace(log, place)) return;
    for await (const entries of outlet.entries()) await this.#giveBack(entries);
  }

  /** Appends what the log lacks: it lost it, or another service put it into the outlet. */
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
