import { setTimeout as sleep } from "node:timers/promises";
import { keyFromSecret, sealJson, unsealJson } from "../keys/sealing.js";
import type { Clock } from "../shared/clock.js";
import { unavailable } from "../shared/errors.js";
import type { Answer } from "./authorization-response.js";
import type { FinishedLoginStore } from "./pending-login.js";

/** Seconds for which a finished login answers its browser the same again: after a double click, a reload, "back". */
export const REPEATABLE = 60;
/** Milliseconds between two looks for the answer of a login that another request is finishing, and how many looks. */
const POLL_INTERVAL = 100;
const POLLS = 100;

/** The login, and what only its browser with the same callback knows: the answer is sealed with it. */
export interface CallbackKey { stateHash: string; secret: string; expiresAt: number }

/**
 * The answer to the application, with the code that it has, if any, and the value of the session's cookie if the login
 * made one.
 */
export interface Finished { answer: Answer; code?: string; session?: string | undefined }

/** Finishes each login once, and repeats the answer to whoever was there the first time. */
export class LoginAnswers {
  readonly #store: FinishedLoginStore;
  readonly #clock: Clock;

  constructor({ store, clock }: { store: FinishedLoginStore; clock: Clock }) {
    this.#store = store;
    this.#clock = clock;
  }

  /**
   * What `finish` resolves to. If it was called before, what it resolved to then, `isRepeated`. Undefined if that was
   * more than a minute ago, or for another callback. Rejects with temporarily_unavailable if it is still going on.
   */
  async once(
    key: CallbackKey,
    finish: () => Promise<Finished>,
  ): Promise<Finished & { isRepeated: boolean } | undefined> {
    const { stateHash, secret, expiresAt } = key;
    if (!await this.#store.finish(stateHash, expiresAt)) {
      const finished = await this.#repeated(key);
      return finished && { ...finished, isRepeated: true };
    }
    const finished = await finish();
    const kept: Kept = { finished, until: this.#clock() + REPEATABLE * 1000 };
    const sealed = sealJson(keyOf(secret), stateHash, kept);
    await this.#store.keepAnswer(stateHash, sealed).catch(() => undefined); // the answer stands, but can't be repeated
    return { ...finished, isRepeated: false };
  }

  async #repeated({ stateHash, secret }: CallbackKey): Promise<Finished | undefined> {
    for (let polls = 0; polls < POLLS; polls++) {
      const sealed = await this.#store.answerOf(stateHash);
      if (sealed === undefined) { await sleep(POLL_INTERVAL); continue; }
      const kept = unsealJson<Kept>([keyOf(secret)], stateHash, sealed);
      return kept !== undefined && kept.until > this.#clock() ? kept.finished : undefined;
    }
    throw unavailable("This login is still being finished, or was interrupted: try again");
  }
}

interface Kept { finished: Finished; until: number }

const keyOf = (secret: string): Buffer => keyFromSecret("login answer", secret);
