import { unavailable } from "../shared/errors.js";
import { issuedAtMs } from "../tokens/issued-at.js";
import type { VerifiedToken } from "../tokens/verifier.js";
import { type CutoffJournal, type CutoffName, FOREVER } from "./cutoff.js";
import type { RevocationJournal } from "./journal.js";
import type { RevocationCache } from "./revocation-cache.js";

interface Dependencies { journal: RevocationJournal; cutoffs: CutoffJournal; cache?: RevocationCache | undefined }

/** Whether a token is revoked: the journals are the truth, the cache answers faster. */
export class RevocationState {
  readonly #dependencies: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  /** Rejects with temporarily_unavailable where neither the cache nor the journals can say. */
  async isRevoked(token: VerifiedToken): Promise<boolean> {
    return (await this.#isRevokedInCache(token)) ?? (await this.#isRevokedInDatabase(token));
  }

  /** A logout that was answered 503 stands in the journal only: its repetition must be able to finish it. */
  async isInEffect(token: VerifiedToken): Promise<boolean> {
    if (this.#dependencies.cache === undefined) return this.#isRevokedInDatabase(token);
    return await this.#isRevokedInCache(token) === true;
  }

  async #isRevokedInCache(token: VerifiedToken): Promise<boolean | undefined> {
    const cached = await this.#dependencies.cache?.lookup(token.claims.jti, namesOf(token));
    if (cached === undefined) return undefined;
    if (cached.revoked || cached.issuedBefore.some((instant) => isCut(token, instant))) return true;
    // What has expired by the cache's clock is gone from it, though this replica's clock may say that it lives.
    return cached.complete && cached.now < token.claims.exp * 1000 ? false : undefined;
  }

  async #isRevokedInDatabase(token: VerifiedToken): Promise<boolean> {
    const { journal, cutoffs } = this.#dependencies;
    try {
      const [revoked, found] = await Promise.all([journal.has(token.claims.jti), cutoffs.find(namesOf(token))]);
      return revoked || found.some(({ issuedBefore }) => isCut(token, issuedBefore));
    } catch (cause) {
      throw unavailable("Whether the token was revoked can't be known right now", cause);
    }
  }
}

const namesOf = ({ kid, claims: { sub, client_id } }: VerifiedToken): CutoffName[] => [
  { scope: "kid", value: kid },
  { scope: "sub", value: sub },
  ...(client_id === undefined ? [] : [{ scope: "client_id", value: client_id } as const]),
];

/** FOREVER ends a token whatever time of issue it claims: an attacker who has the key can write any. */
const isCut = ({ claims }: VerifiedToken, issuedBefore: number | null): boolean =>
  issuedBefore !== null && (issuedBefore >= FOREVER || issuedAtMs(claims) < issuedBefore);
