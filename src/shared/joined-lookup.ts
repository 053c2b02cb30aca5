import { AuthflowError, unavailable } from "./errors.js";
import { JoinedRead } from "./joined-read.js";

/** How to look something up in the database: by a read of one's own, or by one that all who wait then share. */
export type Lookup = "own" | "shared";

/** Milliseconds. */
const READ_LIMIT = 5000;

/** Looks up values by their keys. Callers that wait share one read, so that under a flood it serves many of them. */
export class JoinedLookup<T> {
  /** The keys that the next read has to find. */
  #wanted = new Set<string>();
  readonly #reads: JoinedRead<ReadonlyMap<string, T>>;

  constructor(findAll: (keys: string[]) => Promise<T[]>, keyOf: (value: T) => string) {
    this.#reads = new JoinedRead(async () => {
      const keys = [...this.#wanted];
      this.#wanted = new Set();
      return new Map((await findAll(keys)).map((value) => [keyOf(value), value]));
    }, READ_LIMIT);
  }

  /** Null if there is none. Rejects with temporarily_unavailable. */
  async find(key: string): Promise<T | null> {
    this.#wanted.add(key);
    const found = await this.#reads.run().catch((cause: unknown) => {
      throw cause instanceof AuthflowError ? cause : unavailable("The database does not answer: try again", cause);
    });
    return found.get(key) ?? null;
  }
}
