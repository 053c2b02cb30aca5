import { unavailable } from "../../src/shared/errors.js";
import type { Random } from "./random.js";
import type { VirtualTime } from "./virtual-time.js";

export interface Network {
  time: VirtualTime;
  random: Random;
  /** False once everything is repaired: no message is lost or late any more. */
  isFaulty: boolean;
}

/** Milliseconds until a caller gives up. */
const LIMIT = 2500;

/** The connection of one process to a server. Requests and answers are delayed, reordered, doubled and lost. */
export class Link {
  readonly #network: Network;
  #isAlive = true;
  /** Since when no message passes. */
  cutSince: number | undefined;
  /** Calls that got no answer. */
  failures = 0;

  constructor(network: Network, cutSince?: number) {
    this.#network = network;
    this.cutSince = cutSince;
  }

  /** The process is gone: it gets no answers. What it sent may still arrive. */
  die(): void {
    this.#isAlive = false;
  }

  /**
   * Sends a request. The caller may get an error although the server executed it. `mayRepeat`: the driver may send it
   * twice.
   */
  call<T>(execute: () => T | Promise<T>, mayRepeat = false): Promise<T> {
    const { time, random, isFaulty } = this.#network;
    return new Promise<T>((resolve, reject) => {
      if (!this.#isAlive) return;
      const answer = (deliver: () => void): void => {
        time.after(this.#delay(), () => {
          if (!this.#isAlive) return;
          if (this.cutSince !== undefined || (isFaulty && random.chance(0.02))) fail();
          else deliver();
        });
      };
      const fail = (): void => {
        this.failures++;
        const slow = random.chance(0.2) ? random.between(100, LIMIT) : random.between(1, 20);
        time.after(slow, () => { if (this.#isAlive) reject(unavailable("The server does not answer")); });
      };
      const arrive = async (): Promise<void> => {
        try {
          if (mayRepeat && isFaulty && random.chance(0.03)) {
            await execute();
            await time.sleep(this.#delay());
          }
          const outcome = await execute();
          answer(() => { resolve(outcome); });
        } catch (error) {
          answer(() => { reject(error instanceof Error ? error : new Error(String(error))); });
        }
      };
      if (this.cutSince !== undefined) return fail();
      if (isFaulty && random.chance(0.01)) fail(); // the caller gives up, and the request arrives all the same
      time.after(this.#delay(), () => {
        if (this.cutSince !== undefined) return fail();
        void arrive();
      });
    });
  }

  #delay(): number {
    const { random, isFaulty } = this.#network;
    if (!isFaulty || random.chance(0.9)) return random.between(0, 3);
    return random.chance(0.9) ? random.between(3, 150) : random.between(150, 1200);
  }
}
