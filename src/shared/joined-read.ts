/**
 * Gives each caller the outcome of a read that began after its call. Callers that wait for one share it, so that under
 * load a read serves many of them.
 */
export class JoinedRead<T> {
  readonly #read: () => Promise<T>;
  #running: Promise<T> | undefined;
  #next: Promise<T> | undefined;

  constructor(read: () => Promise<T>) {
    this.#read = read;
  }

  run(): Promise<T> {
    if (this.#running === undefined) return this.#start();
    // The running read may have begun before this call.
    this.#next ??= this.#running.then(() => undefined, () => undefined).then(() => this.#start());
    return this.#next;
  }

  #start(): Promise<T> {
    this.#next = undefined;
    const running = this.#read().finally(() => { if (this.#running === running) this.#running = undefined; });
    this.#running = running;
    return running;
  }
}
