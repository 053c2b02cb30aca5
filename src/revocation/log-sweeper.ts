import type { Clock } from "../shared/clock.js";
import { sweepAll } from "../shared/sweep.js";
import type { RevocationLog } from "./log.js";

/** Milliseconds for which entries stay after they have expired by every clock that this replica knows. */
const MARGIN = 24 * 60 * 60 * 1000;
/** How much faster than time the horizon may move, so that it can catch up after a stop. */
const SPEED = 10;

interface Dependencies {
  log: RevocationLog;
  /** The clock that all replicas share, and this machine's own. */
  clocks: readonly Clock[];
  /** Milliseconds since any point in time; never steps. */
  monotonic: () => number;
}

/**
 * Deletes expired entries. No clock decides alone: the horizon moves by the time that has passed, as measured by a
 * clock that never steps. A clock that is wrong by days for some minutes moves it by some hours at most, which is less
 * than the margin.
 */
export class LogSweeper {
  readonly #dependencies: Dependencies;
  /** The horizon as last read, and when. */
  #seen: { horizon: number; at: number } | undefined;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  /** What expired at or before this instant (epoch ms) may be deleted; 0 before the first sweep. */
  get horizon(): number { return this.#seen?.horizon ?? 0; }

  /** Moves the horizon and deletes the entries that expired before it. */
  async sweep(): Promise<void> {
    const { log, clocks, monotonic } = this.#dependencies;
    const horizon = await log.horizon();
    const at = monotonic();
    const passed = this.#seen?.horizon === horizon ? (at - this.#seen.at) * SPEED : 0;
    const target = Math.min(...clocks.map((clock) => clock())) - MARGIN;
    const next = Math.min(target, horizon + passed);
    if (passed > 0 || next < horizon) await log.moveHorizon(horizon, next);
    const now = await log.horizon();
    this.#seen = { horizon: now, at };
    await sweepAll((limit) => log.sweep(limit));
  }
}
