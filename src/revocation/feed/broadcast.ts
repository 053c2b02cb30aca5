import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import type { FeedMessage } from "./event.js";

/** Receives parts of the stream. */
interface Receiver { send(messages: readonly FeedMessage[]): boolean }

/** Receivers in one turn of the event loop: other requests must not wait for thousands. */
const AT_ONCE = 250;
/** The pause after a round, as a multiple of the time that it took: sending takes at most a sixth of the process. */
const PAUSE = 5;
/** Milliseconds. A logout has to reach everybody within a second. */
const LONGEST_PAUSE = 400;

/**
 * Sends messages to all receivers, in rounds. With few of them what is said is a round of its own, at once. With
 * thousands a round takes long: what is said meanwhile shares the next one.
 */
export class Broadcast<R extends Receiver> {
  /** Those who have received everything that was said before they joined: the number of messages of the next round. */
  readonly #receivers = new Map<R, number>();
  #next: FeedMessage[] = [];
  #isSending = false;
  /** Changes when what was said is void. */
  #generation = 0;

  get size(): number { return this.#receivers.size; }

  /** `receiver` gets what is said from now on. */
  join(receiver: R): void { this.#receivers.set(receiver, this.#next.length); }

  leave(receiver: R): void { this.#receivers.delete(receiver); }

  say(messages: readonly FeedMessage[]): void {
    this.#next.push(...messages);
    if (this.#isSending) return;
    if (this.size > AT_ONCE) void this.#sendInRounds();
    else for (const [receiver, part] of this.#round()) receiver.send(part);
  }

  /** Removes all receivers and returns them. They get nothing more: they can resume after what they have. */
  clear(): R[] {
    const receivers = [...this.#receivers.keys()];
    this.#receivers.clear();
    this.#next = [];
    this.#generation++;
    return receivers;
  }

  async #sendInRounds(): Promise<void> {
    this.#isSending = true;
    while (this.#next.length > 0) {
      const took = await this.#sendOneRound();
      await sleep(Math.min(took * PAUSE, LONGEST_PAUSE));
    }
    this.#isSending = false;
  }

  /** Resolves to the milliseconds that it took. */
  async #sendOneRound(): Promise<number> {
    const generation = this.#generation;
    const parts = this.#round();
    let took = 0;
    for (let i = 0; i < parts.length && generation === this.#generation; i += AT_ONCE) {
      const start = performance.now();
      for (const [receiver, part] of parts.slice(i, i + AT_ONCE))
        if (this.#receivers.has(receiver)) receiver.send(part);
      took += performance.now() - start;
      await nextTurn();
    }
    return took;
  }

  /** What each receiver gets of the next round. Those who get all of it get one list, which is serialised once. */
  #round(): [R, readonly FeedMessage[]][] {
    const messages = this.#next;
    this.#next = [];
    const parts = [...this.#receivers].filter(([, from]) => from < messages.length)
      .map(([receiver, from]): [R, readonly FeedMessage[]] =>
        [receiver, from === 0 ? messages : messages.slice(from)]);
    for (const receiver of this.#receivers.keys()) this.#receivers.set(receiver, 0);
    return parts;
  }
}
