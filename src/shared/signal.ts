/** Wakes those who wait for something to change. */
export class Signal {
  #wake: (() => void)[] = [];

  /** Ends all waits. */
  notify(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const wake of waiting) wake();
  }

  /** Resolves at the next `notify`, or after `milliseconds`. */
  wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds).unref();
      this.#wake.push(() => { clearTimeout(timer); resolve(); });
    });
  }
}
