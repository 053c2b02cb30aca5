import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "../clients/client.js";
import { enforceSubject } from "../clients/mint-policy.js";
import { type Clock, CUTOFF_TOLERANCE } from "../shared/clock.js";
import { invalidRequest, invalidToken, unavailable } from "../shared/errors.js";
import { isPrintable } from "../shared/text.js";
import type { Timing } from "../shared/timing.js";
import type { UnitOfWork } from "../shared/unit-of-work.js";
import type { AccessTokenClaims } from "../tokens/claims.js";
import type { StatusReference } from "../tokens/status-reference.js";
import type { VerifiedToken } from "../tokens/verifier.js";
import type { CacheSynchroniser } from "./cache-synchroniser.js";
import { type Cutoff, type CutoffJournal, type CutoffName, FOREVER } from "./cutoff.js";
import type { Revocation, RevocationJournal } from "./journal.js";
import type { RevocationState } from "./revocation-state.js";

interface Journals { revocations: RevocationJournal; cutoffs: CutoffJournal }
interface Dependencies extends Journals {
  /** For a logout that records two entries. */
  transaction: UnitOfWork<Journals>;
  state: RevocationState;
  synchroniser: CacheSynchroniser;
  clock: Clock;
  timing: Pick<Timing, "cutoffWait">;
  /** The longest lifetime, in seconds, of a token that still verifies. */
  longestTtl: () => number;
  /** Providers whose logins get the subject `<provider>|<id>`. */
  loginProviders: readonly string[];
  /** Called when the journals hold a new event that no cache publishes. */
  recorded: () => void;
  /** The token's entry in a status list of this deployment. */
  statusOf: (claims: AccessTokenClaims) => StatusReference | undefined;
}
interface Entries { revocation?: Revocation | undefined; cutoff?: Cutoff | undefined }

/** Revokes tokens, one by one or by cut-offs. A call resolves when the revoked tokens are refused. */
export class Revocations {
  readonly #dependencies: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  /** Rejects with invalid_token where the token was revoked before. */
  async revoke(token: VerifiedToken): Promise<void> {
    await this.#refuseRevoked(token);
    await this.#end({ revocation: this.#revocationOf(token) });
  }

  /** Revokes a token that the caller does not present. No error if it was revoked before. */
  async revokeIssued(token: Omit<Revocation, "revokedAt">): Promise<void> {
    await this.#end({ revocation: { ...token, revokedAt: this.#dependencies.clock() } });
  }

  /** Revokes every token that a key ever signed, permanently: an attacker may have given tokens any lifetime. */
  async revokeKey(kid: string): Promise<void> {
    await this.#end({ cutoff: { scope: "kid", value: kid, issuedBefore: FOREVER, expiresAt: FOREVER } });
  }

  /** Logs the token's subject out everywhere: revokes all its tokens. Rejects as `revoke` does. */
  async revokeEverywhere(token: VerifiedToken): Promise<void> {
    await this.#refuseRevoked(token);
    const { sub, exp } = token.claims;
    // Also by its id: the token may claim a time of issue that the cut-off does not cover.
    await this.#endIssued({ scope: "sub", value: sub }, exp * 1000, this.#revocationOf(token));
  }

  /**
   * Revokes every token of a subject that was issued until now, by any client. Rejects with access_denied if the client
   * may not mint for this subject.
   */
  async revokeSubject({ policy }: Client, sub: string): Promise<void> {
    checkPrintable("sub", sub);
    enforceSubject(policy, sub, this.#dependencies.loginProviders);
    await this.#endIssued({ scope: "sub", value: sub });
  }

  /** As `revokeSubject`, for an operator, who may name any subject. */
  async revokeSubjectAsOperator(sub: string): Promise<void> {
    checkPrintable("sub", sub);
    await this.#endIssued({ scope: "sub", value: sub });
  }

  /**
   * Revokes a token of which only the id is known. Its expiry is unknown: the entry is kept as long as any token issued
   * until now can be valid. Its index is unknown too, so that its status list does not show the revocation.
   */
  async revokeById(jti: string): Promise<void> {
    checkPrintable("jti", jti);
    const { clock, longestTtl } = this.#dependencies;
    const expiresAt = clock() + CUTOFF_TOLERANCE + longestTtl() * 1000;
    await this.revokeIssued({ jti, clientId: "", subject: "", expiresAt });
  }

  /** Revokes every token that a client was issued until now. */
  async revokeClient(clientId: string): Promise<void> {
    await this.#endIssued({ scope: "client_id", value: clientId });
  }

  /**
   * Revokes what was issued until now. Another replica's clock may be ahead: a token that it has just issued may claim
   * a time up to CUTOFF_TOLERANCE after now. The cut-off covers it. The call resolves when no replica's clock can give
   * a new token a time that the cut-off covers.
   */
  async #endIssued(name: CutoffName, atLeastUntil = 0, revocation?: Revocation): Promise<void> {
    const { clock, timing, longestTtl } = this.#dependencies;
    const issuedBefore = clock() + CUTOFF_TOLERANCE + 1;
    const expiresAt = Math.max(issuedBefore + longestTtl() * 1000, atLeastUntil);
    await this.#end({ cutoff: { ...name, issuedBefore, expiresAt }, revocation });
    await sleep(timing.cutoffWait);
  }

  async #end({ revocation, cutoff }: Entries): Promise<void> {
    const { transaction, synchroniser } = this.#dependencies;
    const hasNoCache = !synchroniser.hasCache;
    const record = async (to: Journals): Promise<void> => {
      if (cutoff !== undefined) await to.cutoffs.record(cutoff, hasNoCache);
      if (revocation !== undefined) await to.revocations.record(revocation, hasNoCache);
    };
    // The journals record a single entry atomically; only two entries need a transaction.
    const recorded = revocation && cutoff ? transaction(record) : record(this.#dependencies);
    await recorded.catch((cause: unknown) => {
      throw unavailable("The logout could not be recorded: try again", cause);
    });
    if (hasNoCache) this.#dependencies.recorded();
    else await this.#putIntoCache({ cutoff, revocation });
  }

  async #putIntoCache({ revocation, cutoff }: Entries): Promise<void> {
    const { synchroniser: { cutoffs, tokens } } = this.#dependencies;
    try {
      if (cutoff !== undefined) await cutoffs.put(cutoff);
      if (revocation !== undefined) await tokens.put(revocation);
    } catch (cause) {
      throw unavailable(
        "The logout is recorded, but has not reached every service yet: try again until it is confirmed",
        cause,
      );
    }
  }

  #revocationOf({ claims }: VerifiedToken): Revocation {
    const { clock, statusOf } = this.#dependencies;
    const { jti, client_id: clientId = "", sub: subject, exp } = claims;
    const status = statusOf(claims);
    return { jti, clientId, subject, expiresAt: exp * 1000, revokedAt: clock(), ...(status && { status }) };
  }

  async #refuseRevoked(token: VerifiedToken): Promise<void> {
    if (await this.#dependencies.state.isInEffect(token)) throw invalidToken("The token was revoked");
  }
}

function checkPrintable(name: string, text: string): void {
  if (!isPrintable(text)) throw invalidRequest(`${name} must not hold control characters or bidirectional overrides`);
}
