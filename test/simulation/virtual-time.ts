import { syncBuiltinESMExports } from "node:module";
import timers from "node:timers/promises";

interface Event { at: number; order: number; run: (() => void) | undefined }

/** The instant (epoch ms) at which every history begins. */
export const START = Date.UTC(2030, 0, 1);

/**
 * Time that passes only from event to event. While `run` runs, the timers of Node (`setTimeout`, `setImmediate`, those
 * of `node:timers/promises`) and `Date.now` are this time's; code under test needs no change. Nothing else can run
 * meanwhile: `run` never returns to Node's event loop before it ends.
 */
export class VirtualTime {
  now = START;
  events = 0;
  readonly #queue: Event[] = [];
  #order = 0;

  /** Calls `run` after some milliseconds. Returns how to cancel that. */
  after(milliseconds: number, run: () => void): () => void {
    const event: Event = { at: this.now + milliseconds, order: this.#order++, run };
    this.#push(event);
    return () => { event.run = undefined; };
  }

  sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => { this.after(milliseconds, resolve); });
  }

  /** A pause of the whole machine: what was due meanwhile happens afterwards, in its order. */
  jump(milliseconds: number): void {
    this.now += milliseconds;
  }

  /** Runs `main`, and everything that it starts, until `main` settles. */
  async run<T>(main: () => Promise<T>): Promise<T> {
    const uninstall = this.#install();
    try {
      let isSettled = false;
      const outcome = main().finally(() => { isSettled = true; });
      outcome.catch(() => undefined);
      for (await idle(); !isSettled; await idle()) {
        const event = this.#pop();
        if (event === undefined) throw new Error("Everything waits, and nothing will happen");
        if (event.run === undefined) continue;
        this.now = Math.max(this.now, event.at);
        this.events++;
        event.run();
      }
      return await outcome;
    } finally {
      uninstall();
    }
  }

  #install(): () => void {
    const real = {
      setTimeout, clearTimeout, setImmediate, now: Date.now,
      sleep: timers.setTimeout, turn: timers.setImmediate,
    };
    const cancels = new WeakMap<object, () => void>();
    const start = (run: () => void, milliseconds = 0): object => {
      const timer = { unref: () => timer, ref: () => timer };
      cancels.set(timer, this.after(Math.max(milliseconds, 1), run));
      return timer;
    };
    Object.assign(globalThis, {
      setTimeout: start,
      clearTimeout: (timer?: object) => { if (timer) cancels.get(timer)?.(); },
      setImmediate: (run: () => void) => this.after(0, run),
    });
    Date.now = () => this.now;
    timers.setTimeout = (<T>(milliseconds = 0, value?: T, { signal }: { signal?: AbortSignal } = {}) =>
      new Promise<T | undefined>((resolve, reject) => {
        const cancel = this.after(Math.max(milliseconds, 1), () => { resolve(value); });
        signal?.addEventListener("abort", () => { cancel(); reject(signal.reason as Error); });
      })) as typeof timers.setTimeout;
    timers.setImmediate = (() => this.sleep(0)) as typeof timers.setImmediate;
    syncBuiltinESMExports();
    return () => {
      Object.assign(globalThis, {
        setTimeout: real.setTimeout, clearTimeout: real.clearTimeout, setImmediate: real.setImmediate,
      });
      Date.now = real.now;
      timers.setTimeout = real.sleep;
      timers.setImmediate = real.turn;
      syncBuiltinESMExports();
    };
  }

  // A binary heap.
  #push(event: Event): void {
    const queue = this.#queue;
    let at = queue.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isEarlier(event, queue[parent] as Event)) break;
      queue[at] = queue[parent] as Event;
      at = parent;
    }
    queue[at] = event;
  }

  #pop(): Event | undefined {
    const queue = this.#queue;
    const [first] = queue;
    const last = queue.pop();
    if (last === undefined || queue.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= queue.length) break;
      if (child + 1 < queue.length && isEarlier(queue[child + 1] as Event, queue[child] as Event)) child++;
      if (!isEarlier(queue[child] as Event, last)) break;
      queue[at] = queue[child] as Event;
      at = child;
    }
    queue[at] = last;
    return first;
  }
}

const isEarlier = (a: Event, b: Event): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

/** Resolves when no promise has anything left to do: Node runs this callback only then. */
const idle = (): Promise<void> => new Promise((resolve) => { process.nextTick(resolve); });
