import { uptime } from "node:os";
import fp from "fastify-plugin";
import { type Clock, systemClock as systemTime } from "../../src/shared/clock.js";
import { SteadyClock } from "../../src/shared/steady-clock.js";

declare module "fastify" {
  interface FastifyInstance {
    /** The clock that all replicas share. */
    clock: Clock;
    /** This machine's own. */
    systemClock: Clock;
    /** Corrects `clock` by the database's; see SteadyClock.follow. */
    synchroniseClock: (shared: number | null, roundTrip: number) => void;
    /** False if the clocks differ so much that no token may be issued; see MAX_CLOCK_SKEW. */
    isClockSynchronised: () => boolean;
  }
}

export interface ClockOptions {
  /** Replaces the shared clock. */
  clock?: Clock | undefined;
  /** Replaces the machine's. */
  systemClock?: Clock | undefined;
}

const DIFFERS = "this machine's clock differs from the database's, which Authflow follows: synchronise it (NTP)";
const APART = "this machine's clock and the database's differ by more than 5 minutes: no token is issued until they " +
  "agree again. Synchronise both (NTP)";
const STEPPED = "this machine's clock was set by more than 5 minutes: no token is issued until it is set back. If it " +
  "is right now, restart Authflow";

export default fp<ClockOptions>(async (app, { clock, systemClock = systemTime }) => {
  const steady = new SteadyClock({
    wall: systemClock, monotonic: () => performance.now(), uptime: () => uptime() * 1000,
  });
  let synchronised = true;
  app.decorate("clock", clock ?? steady.read);
  app.decorate("systemClock", systemClock);
  app.decorate("isClockSynchronised", () => steady.isSynchronised);
  app.decorate("synchroniseClock", (shared, roundTrip) => {
    const correction = steady.follow(shared, roundTrip);
    if (shared !== null && correction !== 0) app.log.warn({ milliseconds: correction }, DIFFERS);
    if (steady.isSynchronised === synchronised) return;
    synchronised = !synchronised;
    if (synchronised) app.log.info("the clocks agree again: tokens are issued");
    else app.log.error({ milliseconds: steady.skew }, shared === null ? STEPPED : APART);
  });
}, { name: "clock" });
