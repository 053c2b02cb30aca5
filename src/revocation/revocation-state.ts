import { setTimeout as sleep } from "node:timers/promises";
import { unavailable } from "../shared/errors.js";
import { issuedAtMs } from "../tokens/issued-at.js";
import type { VerifiedToken } from "../tokens/verifier.js";
import { type Name, sessionOfClient, subjectOfClient } from "./entry.js";
import type { RevocationLog } from "./log.js";
import type { LogFollower } from "./log-follower.js";
import type { OutletAgreement } from "./outlet-agreement.js";
import type { RevocationOutlet } from "./outlet.js";
import { isBefore } from "./revocation-index.js";

const UNKNOWN = "Whether the token was revoked can't be known right now: try again";
/** How often a check looks whether the other replicas have read a log that may have gone back; milliseconds. */
const [LOOKS, PAUSE] = [10, 100];

interface Dependencies {
  log: RevocationLog;
  follower: LogFollower;
  outlet?: RevocationOutlet | undefined;
  agreement: OutletAgreement;
}

/** What can revoke something, and when it was issued (epoch ms). */
type Question = [names: readonly Name[], issuedAt: number];

/** Whether a token is revoked: by this replica's copy of the log, once it has everything that the log holds. */
export class RevocationState {
  readonly #dependencies: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  /** Rejects with temporarily_unavailable if it can't be known. */
  async isRevoked(token: VerifiedToken): Promise<boolean> {
    const { follower, outlet, agreement } = this.#dependencies;
    const names = namesOf(token);
    const issuedAt = issuedAtMs(token.claims);
    if (follower.index.revokes(names, issuedAt)) return true; // a revocation is never taken back
    // Another service may have written it there. Its "no" decides nothing.
    const elsewhere = outlet?.isRevoked(names, issuedAt);
    try {
      if (await this.#areRevoked(names, issuedAt)) return true;
    } catch (cause) {
      const answer = await elsewhere;
      // The outlet holds what was acknowledged: see OutletAgreement.
      if (answer === true || (answer === false && agreement.isTrusted)) return answer;
      throw unavailable(UNKNOWN, cause);
    }
    return await elsewhere === true;
  }

  /** Whether the log has revoked it now, whatever other services see. Rejects with temporarily_unavailable. */
  async isInLog(token: VerifiedToken): Promise<boolean> {
    return (await this.areInLog([token]))[0] === true;
  }

  /** The same of each of them, by one read. */
  async areInLog(tokens: readonly VerifiedToken[]): Promise<boolean[]> {
    return this.#areInLog(tokens.map((token) => [namesOf(token), issuedAtMs(token.claims)]))
      .then(({ found }) => found, unknown);
  }

  /**
   * Whether what was issued at an instant (epoch ms) for these names was revoked since. Rejects with
   * temporarily_unavailable.
   */
  async hasRevoked(names: readonly Name[], issuedAt: number): Promise<boolean> {
    return this.#areRevoked(names, issuedAt).catch(unknown);
  }

  /** Rejects too while other replicas may still have to append what the log lost. */
  async #areRevoked(names: readonly Name[], issuedAt: number): Promise<boolean> {
    const { agreement } = this.#dependencies;
    for (let looks = 0; ; looks++) {
      const { history: complete } = agreement; // before the log is read: until then, others may append
      const { found: [isFound], history } = await this.#areInLog([[names, issuedAt]]);
      if (isFound === true) return true;
      if (history === null || history === complete) return false;
      if (looks === LOOKS) throw new Error("The database may have gone back: replicas may still append what it lacks");
      if (looks > 0) await sleep(PAUSE);
      await agreement.look().catch(() => undefined); // it may have read who runs, and not been able to write
    }
  }

  /** Whether the log has them, and the history of it that says so. */
  async #areInLog(questions: readonly Question[]): Promise<{ found: boolean[]; history: string | null }> {
    const { log, follower } = this.#dependencies;
    if (follower.isFilled) {
      await follower.current();
      return { found: questions.map((question) => follower.index.revokes(...question)), history: follower.history };
    }
    const found = await Promise.all(questions.map(async ([names, issuedAt]) =>
      (await log.find(names)).some(({ issuedBefore }) => isBefore(issuedAt, issuedBefore))));
    const { history } = await log.read(0, 1); // afterwards: the database may go back meanwhile
    return { found, history };
  }
}

function unknown(cause: unknown): never {
  throw unavailable(UNKNOWN, cause);
}

/** What can revoke a token. */
export const namesOf = ({ kid, claims: { jti, sub, client_id, sid } }: VerifiedToken): Name[] => [
  { scope: "jti", value: jti },
  { scope: "kid", value: kid },
  ...namesOfSubject(sub, client_id),
  ...namesOfSession(sid, client_id),
];

/** What can revoke all tokens of a subject that a client was issued. */
export const namesOfSubject = (sub: string, clientId: string | undefined): Name[] => [
  { scope: "sub", value: sub },
  ...(clientId === undefined ? [] : [{ scope: "client_id", value: clientId } as const, subjectOfClient(clientId, sub)]),
];

/** What can revoke all tokens of a session that a client was issued. Nothing if the token names no session. */
export const namesOfSession = (sid: unknown, clientId: string | undefined): Name[] => (typeof sid !== "string" ? [] : [
  { scope: "sid", value: sid },
  ...(clientId === undefined ? [] : [sessionOfClient(clientId, sid)]),
]);
