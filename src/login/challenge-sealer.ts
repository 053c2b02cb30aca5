import { createHmac, hkdfSync } from "node:crypto";
import { keyFromSecret, sealJson, unsealJson } from "../keys/sealing.js";
import { invalidRequest } from "../shared/errors.js";
import type { LoginAnswer, LoginChallenge } from "./login-challenge.js";

/** Characters of a challenge, which stands in URLs: many servers refuse those above 8,000. */
export const CHALLENGE_MAX = 4000;
const CONTEXT = "login challenge";
interface Keys { challenge: Buffer; code: Buffer }

/**
 * Seals what the login page is asked into the challenge itself, so that starting a login writes nothing to the
 * database. Only Authflow can read or make a challenge.
 */
export class ChallengeSealer {
  /** The first ones are those in use. */
  readonly #keys: readonly [Keys, ...Keys[]];

  /** `keks`: the key encryption keys. The first one seals; what any of them sealed can be opened. */
  constructor([kek, ...former]: readonly [Buffer, ...Buffer[]]) {
    this.#keys = [derive(kek), ...former.map(derive)];
  }

  /** Throws invalid_request if it would be too long. */
  seal(challenge: LoginChallenge): string {
    const sealed = sealJson(this.#keys[0].challenge, CONTEXT, challenge);
    if (sealed.length <= CHALLENGE_MAX) return sealed;
    throw invalidRequest("The request is too long for the login page: shorten login_hint, scope or resource");
  }

  /** Undefined unless it was sealed here. */
  open(sealed: string): LoginChallenge | undefined {
    return unsealJson<LoginChallenge>(this.#keys.map(({ challenge }) => challenge), CONTEXT, sealed);
  }

  /** What the browser comes back with. The same login always has the same code, so that an answer can be repeated. */
  codeFor(state: string): string {
    return createHmac("sha256", this.#keys[0].code).update(state).digest("base64url");
  }
}

/** Opens only with the code that the browser comes back with. */
export const sealAnswer = (code: string, stateHash: string, answer: LoginAnswer): string =>
  sealJson(answerKey(code), stateHash, answer);
/** Undefined if the code is not that of this login. */
export const openAnswer = (code: string, stateHash: string, sealed: string): LoginAnswer | undefined =>
  unsealJson<LoginAnswer>([answerKey(code)], stateHash, sealed);

const answerKey = (code: string): Buffer => keyFromSecret("login page answer", code);

function derive(kek: Buffer): Keys {
  const key = (purpose: string) => Buffer.from(hkdfSync("sha256", kek, "", `authflow login page ${purpose}`, 32));
  return { challenge: key("challenge"), code: key("code") };
}
