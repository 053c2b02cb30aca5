import { createCipheriv, createDecipheriv, hash, randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../shared/clock.js";
import { unavailable } from "../shared/errors.js";
import type { FinishedLoginStore } from "./pending-login.js";

/** Seconds for which a finished login answers its browser the same again: after a double click, a reload, "back". */
export const REPEATABLE = 60;
/** Milliseconds between two looks for the answer of a login that another request is finishing, and how many looks. */
const POLL_INTERVAL = 100;
const POLLS = 100;

/** The login, and what only its browser with the same callback knows: the answer is sealed with it. */
export interface CallbackKey { stateHash: string; secret: string; expiresAt: number }

/** Finishes each login once, and repeats the answer to whoever was there the first time. */
export class LoginAnswers {
  readonly #store: FinishedLoginStore;
  readonly #clock: Clock;

  constructor({ store, clock }: { store: FinishedLoginStore; clock: Clock }) {
    this.#store = store;
    this.#clock = clock;
  }

  /**
   * The URL that `finish` resolves to, or that it resolved to the first time. Undefined if that was more than a minute
   * ago, or for another callback. Rejects with temporarily_unavailable if it is still going on.
   */
  async once(key: CallbackKey, finish: () => Promise<string>): Promise<string | undefined> {
    const { stateHash, secret, expiresAt } = key;
    if (!await this.#store.finish(stateHash, expiresAt)) return this.#repeated(stateHash, secret);
    const location = await finish();
    const sealed = seal(secret, { location, until: this.#clock() + REPEATABLE * 1000 });
    await this.#store.keepAnswer(stateHash, sealed).catch(() => undefined); // the answer stands, but can't be repeated
    return location;
  }

  async #repeated(stateHash: string, secret: string): Promise<string | undefined> {
    for (let polls = 0; polls < POLLS; polls++) {
      const sealed = await this.#store.answerOf(stateHash);
      if (sealed === undefined) { await sleep(POLL_INTERVAL); continue; }
      const answer = unseal(secret, sealed);
      return answer !== undefined && answer.until > this.#clock() ? answer.location : undefined;
    }
    throw unavailable("This login is still being finished, or was interrupted: try again");
  }
}

interface Answer { location: string; until: number }
const keyOf = (secret: string): Buffer => hash("sha256", `login answer ${secret}`, "buffer");

/** AES-256-GCM: whoever reads the database, which knows digests only, learns neither a code nor a token from it. */
function seal(secret: string, answer: Answer): string {
  const iv = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", keyOf(secret), iv);
  const ciphertext = Buffer.concat([cipher.update(JSON.stringify(answer)), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), ciphertext]).toString("base64url");
}

/** Undefined if it was sealed with another secret. */
function unseal(secret: string, sealed: string): Answer | undefined {
  const bytes = Buffer.from(sealed, "base64url");
  const decipher = createDecipheriv("aes-256-gcm", keyOf(secret), bytes.subarray(0, 12), { authTagLength: 16 })
    .setAuthTag(bytes.subarray(12, 28));
  try {
    const text = Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString();
    return JSON.parse(text) as Answer;
  } catch {
    return undefined;
  }
}
