import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "../clients/client.js";
import { enforceSubject } from "../clients/mint-policy.js";
import { type Clock, CUTOFF_TOLERANCE, MAX_CLOCK_ERROR } from "../shared/clock.js";
import { invalidRequest, invalidToken, unavailable } from "../shared/errors.js";
import { isPrintable } from "../shared/text.js";
import type { Timing } from "../shared/timing.js";
import type { StatusReference } from "../tokens/status-reference.js";
import type { AccessTokenClaims } from "../tokens/claims.js";
import type { VerifiedToken } from "../tokens/verifier.js";
import { issuedAtMs } from "../tokens/issued-at.js";
import { type Cutoff, type CutoffJournal, type CutoffName, LATEST } from "./cutoff.js";
import type { Revocation, RevocationJournal } from "./journal.js";
import { CacheWriter } from "./cache-writer.js";
import type { RevocationCache } from "./revocation-cache.js";

const REVOKED = "The token was revoked";

interface Dependencies {
  journal: RevocationJournal;
  cutoffs: CutoffJournal;
  cache?: RevocationCache | undefined;
  clock: Clock;
  timing: Pick<Timing, "cutoffWait">;
  /** The longest life, in seconds, of a token that still verifies. */
  longestTtl: () => number;
  /** Providers whose logins get the subject `<provider>|<id>`. */
  loginProviders: readonly string[];
  /** Called when the journals have news that no cache announces. */
  recorded: () => void;
  /** The token's entry in a status list of this deployment. */
  statusOf: (claims: AccessTokenClaims) => StatusReference | undefined;
}

/** What is revoked: the journals are the truth, the cache their fast copy. */
export class Revocations {
  readonly #dependencies: Dependencies;
  readonly #tokens: CacheWriter<Revocation>;
  readonly #cutoffs: CacheWriter<Cutoff>;

  constructor(dependencies: Dependencies) {
    const { journal, cutoffs, cache } = dependencies;
    this.#dependencies = dependencies;
    this.#tokens = new CacheWriter({
      keyOf: ({ jti }) => jti,
      live: (now, { limit, after }) => journal.live(now, { limit, ...(after && { after: after.jti }) }),
      uncached: (now, limit) => journal.uncached(now, limit),
      markCached: (entries) => journal.markCached(entries.map(({ jti }) => jti)),
      sweep: (before, limit) => journal.sweep(before, limit),
      show: async (entries, announced) => cache?.show(entries, announced),
    });
    this.#cutoffs = new CacheWriter<Cutoff>({
      ...cutoffs,
      keyOf: ({ scope, value, issuedBefore, expiresAt }) => [scope, issuedBefore, expiresAt, value].join(" "),
      show: async (entries, announced) => cache?.showCutoffs(entries, announced),
    });
  }

  /** Resolves when the token is refused everywhere; rejects with invalid_token where it already was. */
  async revoke(token: VerifiedToken): Promise<void> {
    if (await this.#inEffect(token)) throw invalidToken(REVOKED);
    await this.#revokePresented(token);
  }

  /** As `revoke`, of a token that nobody presents; one that was revoked before stays so. */
  async revokeIssued(token: Omit<Revocation, "revokedAt">): Promise<void> {
    const { journal, cache, clock } = this.#dependencies;
    const revocation = { ...token, revokedAt: clock() };
    await recorded(journal.record(revocation, cache === undefined));
    await this.#shown(this.#tokens, revocation);
  }

  /** Ends everything that a key ever signed, and for good: who has the key may have given its tokens any lifetime. */
  async revokeKey(kid: string): Promise<void> {
    await this.#cut({ scope: "kid", value: kid, issuedBefore: LATEST, expiresAt: LATEST });
  }

  /** Logs the token's subject out everywhere: ends this token and all others of it. Rejects as `revoke` does. */
  async revokeEverywhere(token: VerifiedToken): Promise<void> {
    if (await this.#inEffect(token)) throw invalidToken(REVOKED);
    await this.#cutNow({ scope: "sub", value: token.claims.sub }, token.claims.exp * 1000);
    await this.#revokePresented(token); // whatever birth it claims
  }

  /** Ends every token of a subject that was issued until now, whoever minted it; only for whom the client may mint. */
  async revokeSubject({ policy }: Client, sub: string): Promise<void> {
    if (!isPrintable(sub)) throw invalidRequest("sub must not hold control characters or bidirectional overrides");
    enforceSubject(policy, sub, this.#dependencies.loginProviders);
    await this.#cutNow({ scope: "sub", value: sub });
  }

  /** Ends every token that a client was issued until now. */
  async revokeClient(clientId: string): Promise<void> {
    await this.#cutNow({ scope: "client_id", value: clientId });
  }

  /** Rejects with temporarily_unavailable where neither cache nor journals can tell. */
  async isRevoked(token: VerifiedToken): Promise<boolean> {
    return (await this.#isRevokedInCache(token)) ?? (await this.#isRevokedInDatabase(token));
  }

  /**
   * Brings the cache up to the journals: all of them after the cache lost its contents, else what some replica recorded
   * and could not show. Rejects when the cache is out of reach.
   */
  async synchronise(): Promise<void> {
    const { cache } = this.#dependencies;
    if (cache === undefined) return;
    if (!await cache.isComplete()) {
      await cache.fill(async () => {
        await this.#cutoffs.fill(() => this.#surelyPast());
        await this.#tokens.fill(() => this.#surelyPast());
      });
    }
    await this.#cutoffs.catchUp(this.#surelyPast());
    await this.#tokens.catchUp(this.#surelyPast());
  }

  /** Whether the cache shows all that the journals hold (true where there is none). Rejects when it is out of reach. */
  async isComplete(): Promise<boolean> {
    return await this.#dependencies.cache?.isComplete() ?? true;
  }

  /** Deletes revocations whose tokens have expired, by every replica's clock. */
  async sweep(): Promise<number> {
    return await this.#tokens.sweep(this.#surelyPast()) + await this.#cutoffs.sweep(this.#surelyPast());
  }

  /**
   * A token that another replica issued a moment ago was born up to CUTOFF_TOLERANCE after now; the answer waits until
   * no clock can give a token a birth that the cut-off covers.
   */
  async #cutNow(name: CutoffName, atLeastUntil = 0): Promise<void> {
    const { clock, timing, longestTtl } = this.#dependencies;
    const issuedBefore = clock() + CUTOFF_TOLERANCE + 1;
    await this.#cut({ ...name, issuedBefore, expiresAt: Math.max(issuedBefore + longestTtl() * 1000, atLeastUntil) });
    await sleep(timing.cutoffWait);
  }

  async #revokePresented({ claims }: VerifiedToken): Promise<void> {
    const { jti, client_id: clientId = "", sub: subject, exp } = claims;
    const status = this.#dependencies.statusOf(claims);
    await this.revokeIssued({ jti, clientId, subject, expiresAt: exp * 1000, ...(status && { status }) });
  }

  async #cut(cutoff: Cutoff): Promise<void> {
    const { cutoffs, cache } = this.#dependencies;
    await recorded(cutoffs.record(cutoff, cache === undefined));
    await this.#shown(this.#cutoffs, cutoff);
  }

  async #shown<T>(writer: CacheWriter<T>, entry: T): Promise<void> {
    if (this.#dependencies.cache === undefined) return this.#dependencies.recorded();
    await writer.show(entry).catch((cause: unknown) => {
      throw unavailable(
        "The logout is recorded but does not reach every service yet: try again until it is confirmed",
        cause,
      );
    });
  }

  /** A logout that was answered 503 stands in the journal only: its repetition must be able to finish it. */
  async #inEffect(token: VerifiedToken): Promise<boolean> {
    return this.#dependencies.cache === undefined ? this.#isRevokedInDatabase(token) : await this.#isRevokedInCache(token) === true;
  }

  async #isRevokedInCache(token: VerifiedToken): Promise<boolean | undefined> {
    const cached = await this.#dependencies.cache?.lookup(token.claims.jti, namesOf(token));
    if (cached === undefined) return undefined;
    if (cached.revoked || cached.issuedBefore.some((instant) => isCut(token, instant))) return true;
    // What has expired by the cache's clock is gone from it, though this replica's clock may say that it lives.
    return cached.complete && cached.now < token.claims.exp * 1000 ? false : undefined;
  }

  /** Past for every replica, also where this one's clock is ahead. */
  #surelyPast(): number {
    return this.#dependencies.clock() - MAX_CLOCK_ERROR;
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
/** LATEST ends a token whatever birth it claims: who has a key can write any. */
const isCut = ({ claims }: VerifiedToken, issuedBefore: number | null): boolean =>
  issuedBefore !== null && (issuedBefore >= LATEST || issuedAtMs(claims) < issuedBefore);

const recorded = (record: Promise<void>): Promise<void> => record.catch((cause: unknown) => {
  throw unavailable("The logout could not be recorded: try again", cause);
});
