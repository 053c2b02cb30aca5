import { Feed } from "../../src/revocation/feed/feed.js";
import type { Entry } from "../../src/revocation/entry.js";
import { LogFollower } from "../../src/revocation/log-follower.js";
import { LogSweeper } from "../../src/revocation/log-sweeper.js";
import { LogWriter } from "../../src/revocation/log-writer.js";
import { OutletAgreement } from "../../src/revocation/outlet-agreement.js";
import { OutletFiller } from "../../src/revocation/outlet-filler.js";
import type { Roster } from "../../src/revocation/replica-store.js";
import { RevocationState } from "../../src/revocation/revocation-state.js";
import { Revocations } from "../../src/revocation/revocations.js";
import { CUTOFF_TOLERANCE } from "../../src/shared/clock.js";
import { Signal } from "../../src/shared/signal.js";
import { TIMING } from "../../src/shared/timing.js";
import type { Database } from "./database.js";
import { Link, type Network } from "./link.js";
import type { Redis } from "./redis.js";

const noToken = (): never => { throw new Error("No token is presented here as a text"); };

/** Milliseconds. Far shorter than in the service, so that a history has many sweeps. */
const SWEEP_INTERVAL = 1100;
/** As in plugins/background/background.ts. */
const READ_PAUSE = 0.2;
/** Seconds. */
export const LONGEST_TTL = 7 * 24 * 3600;

export interface World extends Network {
  database: Database;
  /** Milliseconds by which the clocks that decide what has expired are wrong. */
  clockError: number;
}

/** One life of a replica: its memory ends with it. Wired as plugins/services/revocation.ts does. */
export class Replica {
  readonly name: string;
  readonly id: string;
  /** When it first saw the row of another replica, by its id. */
  readonly met = new Map<string, number>();
  readonly redis: Redis | undefined;
  readonly databaseLink: Link;
  readonly redisLink: Link;
  readonly follower: LogFollower;
  readonly state: RevocationState;
  readonly revocations: Revocations;
  readonly feed: Feed;
  readonly #filler: OutletFiller | undefined;
  readonly #agreement: OutletAgreement;
  readonly #sweeper: LogSweeper;
  readonly #changed = new Signal();
  readonly #world: World;
  readonly #deaths = new Set<() => void>();
  isAlive = true;

  constructor(world: World, { name, redis, skew }: { name: string; redis: Redis | undefined; skew: number }) {
    const { time, database } = world;
    this.name = name;
    this.id = `${name} ${world.random.hex(8)}`;
    this.redis = redis;
    this.#world = world;
    this.databaseLink = new Link(world);
    this.redisLink = new Link(world);
    const log = database.connect(this.databaseLink);
    const outlet = redis?.connect(this.redisLink);
    // Tokens are issued, and cut-offs are made, by clocks that agree.
    const clock = (): number => time.now + skew;
    const wrongClock = (): number => clock() + world.clockError;
    this.follower = new LogFollower({ log, recovered: () => undefined });
    const { follower } = this;
    const monotonic = (): number => time.now;
    const store = database.connectReplicas(this.databaseLink);
    const all = async (): Promise<Roster> => {
      const roster = await store.all();
      for (const other of roster.replicas) if (!this.met.has(other.id)) this.met.set(other.id, time.now);
      return roster;
    };
    this.#agreement = new OutletAgreement({
      store: { ...store, all }, id: this.id, monotonic,
      outlet: () => (outlet === undefined ? null : outlet.identity),
      history: () => follower.history,
    });
    const agreement = this.#agreement;
    this.state = new RevocationState({ log, follower, outlet, agreement });
    this.feed = new Feed({ log, follower, clock });
    this.#filler = outlet && new OutletFiller({ outlet, log, follower, clock, recovered: () => undefined });
    this.#sweeper = new LogSweeper({ log, clocks: [wrongClock, wrongClock], monotonic });
    this.revocations = new Revocations({
      writer: new LogWriter({ log, follower, state: this.state }), verifier: { verify: noToken }, state: this.state,
      outlet, agreement, clock, timing: TIMING,
      longestTtl: () => LONGEST_TTL, loginProviders: [], appended: () => { this.wake(); }, statusOf: () => undefined,
    });
    this.#start();
  }

  /** Whether this replica's memory has the revocation. */
  knows(entry: Entry): boolean {
    return this.follower.index.includes(entry);
  }

  /** There may be new entries in the log. */
  wake(): void {
    this.#changed.notify();
  }

  onDeath(run: () => void): void {
    this.#deaths.add(run);
  }

  /** The process ends between two steps, without a word. */
  crash(): void {
    this.isAlive = false;
    this.databaseLink.die();
    this.redisLink.die();
    for (const run of this.#deaths) run();
  }

  // As plugins/background/background.ts does.
  #start(): void {
    const { syncInterval } = TIMING;
    void this.#every(0, async () => {
      await this.feed.follow();
      await this.#changed.wait(syncInterval, this.#agreement.size * READ_PAUSE);
    });
    void this.#every(SWEEP_INTERVAL, async () => {
      await this.#sweeper.sweep();
      this.follower.sweep(this.#sweeper.horizon);
    });
    void this.#every(syncInterval, () => this.#agreement.advance(async () =>
      this.redis?.mayEvict === false && await this.#filler?.holdsLog() === true));
    if (this.#filler !== undefined) void this.#every(syncInterval, async () => this.#filler?.advance());
  }

  async #every(milliseconds: number, work: () => Promise<void>): Promise<void> {
    const { time, random } = this.#world;
    await time.sleep(random.between(0, 20));
    while (this.isAlive) {
      let pause = milliseconds;
      await work().catch(() => { pause = Math.max(milliseconds, TIMING.syncInterval); });
      await time.sleep(pause);
    }
  }
}

/** Milliseconds by which the clocks of replicas may differ from the true time. */
export const MAX_SKEW = CUTOFF_TOLERANCE / 2;
