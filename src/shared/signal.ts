import { setTimeout as sleep } from "node:timers/promises";

/** Wakes the one that waits for something to change. */
export class Signal {
  #wake: (() => void) | undefined;
  #isNotified = false;

  /** Ends the wait. If nobody waits, the next wait ends at once. */
  notify(): void {
    this.#isNotified = true;
    this.#wake?.();
  }

  /** Resolves once `notify` was called since the last wait, but after `least` milliseconds, or after `most`. */
  async wait(most: number, least = 0): Promise<void> {
    if (least > 0) await sleep(least);
    if (!this.#isNotified) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, most).unref();
        this.#wake = () => { clearTimeout(timer); resolve(); };
      });
    }
    [this.#wake, this.#isNotified] = [undefined, false];
  }
}
