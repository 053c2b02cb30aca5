import { unavailable } from "../shared/errors.js";
import { issuedAtMs } from "../tokens/issued-at.js";
import type { VerifiedToken } from "../tokens/verifier.js";
import { type CutoffJournal, type CutoffName, FOREVER } from "./cutoff.js";
import type { RevocationJournal } from "./journal.js";
import type { RevocationCache } from "./revocation-cache.js";

interface Dependencies { journal: RevocationJournal; cutoffs: CutoffJournal; cache?: RevocationCache | undefined }

/** Whether a token is revoked. The journals are authoritative; the cache is faster. */
export class RevocationState {
  readonly #dependencies: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  /** Rejects with temporarily_unavailable if neither the cache nor the journals can answer. */
  async isRevoked(token: VerifiedToken): Promise<boolean> {
    return (await this.#isRevokedInCache(token)) ?? (await this.#isRevokedInDatabase(token));
  }

  /**
   * Whether every service refuses the token already. A logout that was answered 503 may be in the journal only; the
   * client repeats it, and the repetition must then be allowed to complete it.
   */
  async isInEffect(token: VerifiedToken): Promise<boolean> {
    if (this.#dependencies.cache === undefined) return this.#isRevokedInDatabase(token);
    return await this.#isRevokedInCache(token) === true;
  }

  async #isRevokedInCache(token: VerifiedToken): Promise<boolean | undefined> {
    const cached = await this.#dependencies.cache?.lookup(token.claims.jti, namesOf(token));
    if (cached === undefined) return undefined;
    if (cached.revoked || cached.issuedBefore.some((instant) => isCutOff(token, instant))) return true;
    // An entry that has expired by the cache's clock is gone, even if the token has not expired by this replica's
    // clock.
    return cached.complete && cached.now < token.claims.exp * 1000 ? false : undefined;
  }

  async #isRevokedInDatabase(token: VerifiedToken): Promise<boolean> {
    const { journal, cutoffs } = this.#dependencies;
    try {
      const [revoked, found] = await Promise.all([journal.has(token.claims.jti), cutoffs.find(namesOf(token))]);
      return revoked || found.some(({ issuedBefore }) => isCutOff(token, issuedBefore));
    } catch (cause) {
      throw unavailable("Whether the token was revoked can't be known right now: try again", cause);
    }
  }
}

const namesOf = ({ kid, claims: { sub, client_id } }: VerifiedToken): CutoffName[] => [
  { scope: "kid", value: kid },
  { scope: "sub", value: sub },
  ...(client_id === undefined ? [] : [{ scope: "client_id", value: client_id } as const]),
];

/** FOREVER revokes a token whatever time of issue it claims: an attacker who has the key can write any time. */
const isCutOff = ({ claims }: VerifiedToken, issuedBefore: number | null): boolean =>
  issuedBefore !== null && (issuedBefore >= FOREVER || issuedAtMs(claims) < issuedBefore);
