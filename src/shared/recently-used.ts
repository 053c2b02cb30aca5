/** A map of at most `capacity` entries: of more, it forgets the one that was used least recently. */
export class RecentlyUsed<Value> {
  readonly #capacity: number;
  readonly #entries = new Map<string, Value>(); // in the order of last use

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  has(key: string): boolean { return this.#entries.has(key); }

  get(key: string): Value | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined) this.set(key, value);
    return value;
  }

  set(key: string, value: Value): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size > this.#capacity) this.#entries.delete(this.#entries.keys().next().value as string);
  }

  delete(key: string): void { this.#entries.delete(key); }
  clear(): void { this.#entries.clear(); }
}
