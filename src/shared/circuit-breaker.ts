import { setTimeout as sleep } from "node:timers/promises";

interface Dependencies {
  /** Whether a call failed because nothing answered in time. */
  isSilent: (error: unknown) => boolean;
  /** Resolves when the other side answers again. Ends by itself. */
  probe: () => Promise<unknown>;
}

/** Milliseconds between two probes. */
const PAUSE = 200;

/**
 * Lets calls fail at once while the other side is silent: otherwise each would wait for its own time-out. The first
 * time-out opens it; the first probe that is answered closes it.
 */
export class CircuitBreaker {
  readonly #dependencies: Dependencies;
  #isOpen = false;
  #isStopped = false;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  get isOpen(): boolean { return this.#isOpen && !this.#isStopped; }

  /** Rejects at once with Silent while it is open. */
  async run<T>(call: () => Promise<T>): Promise<T> {
    if (this.isOpen) throw new Silent();
    try {
      return await call();
    } catch (error) {
      if (this.#dependencies.isSilent(error)) this.open();
      throw error;
    }
  }

  open(): void {
    if (this.#isOpen || this.#isStopped) return;
    this.#isOpen = true;
    void this.#probe();
  }

  /** Ends the probes. */
  stop(): void {
    this.#isStopped = true;
  }

  async #probe(): Promise<void> {
    while (this.isOpen) {
      const { probe, isSilent } = this.#dependencies;
      // An error is an answer too: calls will get it.
      this.#isOpen = await probe().then(() => false, isSilent);
      if (this.isOpen) await sleep(PAUSE, undefined, { ref: false });
    }
  }
}

export class Silent extends Error {
  override readonly name = "Silent";
  constructor() {
    super("It did not answer in time, and has not answered since");
  }
}
