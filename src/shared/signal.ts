/** Wakes the one that waits for something to change. */
export class Signal {
  #wake: (() => void) | undefined;
  #isNotified = false;

  /** Ends the wait. If nobody waits, the next wait ends at once. */
  notify(): void {
    this.#isNotified = true;
    this.#wake?.();
  }

  /** Resolves once `notify` was called since the last wait, or after `milliseconds`. */
  async wait(milliseconds: number): Promise<void> {
    if (!this.#isNotified) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, milliseconds).unref();
        this.#wake = () => { clearTimeout(timer); resolve(); };
      });
    }
    [this.#wake, this.#isNotified] = [undefined, false];
  }
}
