import { tooManyStreams } from "../shared/errors.js";

/** Counts the open streams of each client on this replica. */
export class StreamLimit {
  readonly #limit: number;
  readonly #open = new Map<string, number>();

  /** `limit`: open streams that one client may hold. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Counts one more stream of a client. Throws too_many_requests if it holds as many as it may. */
  open(clientId: string): void {
    const open = this.#open.get(clientId) ?? 0;
    if (open >= this.#limit) throw tooManyStreams(this.#limit);
    this.#open.set(clientId, open + 1);
  }

  close(clientId: string): void {
    const left = (this.#open.get(clientId) ?? 1) - 1;
    if (left === 0) this.#open.delete(clientId);
    else this.#open.set(clientId, left);
  }
}
