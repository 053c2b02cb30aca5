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
  /** What one logout records is recorded together. */
  transaction: UnitOfWork<Journals>;
  state: RevocationState;
  synchroniser: CacheSynchroniser;
  clock: Clock;
  timing: Pick<Timing, "cutoffWait">;
  /** The longest life, in seconds, of a token that still verifies. */
  longestTtl: () => number;
  /** Providers whose logins get the subject `<provider>|<id>`. */
  loginProviders: readonly string[];
  /** Called when the journals hold a new event that no cache publishes. */
  recorded: () => void;
  /** The token's entry in a status list of this deployment. */
  statusOf: (claims: AccessTokenClaims) => StatusReference | undefined;
}
interface Entries { revocation?: Revocation; cutoff?: Cutoff }

/** Ends tokens before their time: one by one, or by cut-offs. A call resolves when what it ends is refused. */
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

  /** As `revoke`, of a token that nobody presents; one that was revoked before stays so. */
  async revokeIssued(token: Omit<Revocation, "revokedAt">): Promise<void> {
    await this.#end({ revocation: { ...token, revokedAt: this.#dependencies.clock() } });
  }

  /** Ends everything that a key ever signed, and for good: an attacker may have given its tokens any lifetime. */
  async revokeKey(kid: string): Promise<void> {
    await this.#end({ cutoff: { scope: "kid", value: kid, issuedBefore: FOREVER, expiresAt: FOREVER } });
  }

  /** Logs the token's subject out everywhere: ends this token and all others of it. Rejects as `revoke` does. */
  async revokeEverywhere(token: VerifiedToken): Promise<void> {
    await this.#refuseRevoked(token);
    const { sub, exp } = token.claims;
    // The token itself too, whatever time of issue it claims.
    await this.#endIssued({ scope: "sub", value: sub }, exp * 1000, this.#revocationOf(token));
  }

  /** Ends every token of a subject that was issued until now, whoever minted it; the client must be allowed to mint for it. */
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
   * Revokes a token of which only the id is known. Its expiry is not: the entry lasts as long as any token issued by now
   * can. A status list can't show it, because the token's index is not known either.
   */
  async revokeById(jti: string): Promise<void> {
    checkPrintable("jti", jti);
    const { clock, longestTtl } = this.#dependencies;
    const expiresAt = clock() + CUTOFF_TOLERANCE + longestTtl() * 1000;
    await this.revokeIssued({ jti, clientId: "", subject: "", expiresAt });
  }

  /** Ends every token that a client was issued until now. */
  async revokeClient(clientId: string): Promise<void> {
    await this.#endIssued({ scope: "client_id", value: clientId });
  }

  /**
   * Ends what was issued until now. Another replica may have given a token a time of issue up to CUTOFF_TOLERANCE after
   * now; the call resolves when no clock can give a new token a time that the cut-off covers.
   */
  async #endIssued(name: CutoffName, atLeastUntil = 0, revocation?: Revocation): Promise<void> {
    const { clock, timing, longestTtl } = this.#dependencies;
    const issuedBefore = clock() + CUTOFF_TOLERANCE + 1;
    const expiresAt = Math.max(issuedBefore + longestTtl() * 1000, atLeastUntil);
    await this.#end({ cutoff: { ...name, issuedBefore, expiresAt }, ...(revocation && { revocation }) });
    await sleep(timing.cutoffWait);
  }

  async #end({ revocation, cutoff }: Entries): Promise<void> {
    const { transaction, synchroniser } = this.#dependencies;
    const isAlone = !synchroniser.isOn;
    const record = async (to: Journals): Promise<void> => {
      if (cutoff !== undefined) await to.cutoffs.record(cutoff, isAlone);
      if (revocation !== undefined) await to.revocations.record(revocation, isAlone);
    };
    // A single entry is a single statement: it needs no transaction around it.
    const recorded = revocation && cutoff ? transaction(record) : record(this.#dependencies);
    await recorded.catch((cause: unknown) => {
      throw unavailable("The logout could not be recorded: try again", cause);
    });
    if (isAlone) this.#dependencies.recorded();
    else await this.#putIntoCache({ ...(cutoff && { cutoff }), ...(revocation && { revocation }) });
  }

  async #putIntoCache({ revocation, cutoff }: Entries): Promise<void> {
    const { synchroniser: { cutoffs, tokens } } = this.#dependencies;
    try {
      if (cutoff !== undefined) await cutoffs.put(cutoff);
      if (revocation !== undefined) await tokens.put(revocation);
    } catch (cause) {
      throw unavailable(
        "The logout is recorded but does not reach every service yet: try again until it is confirmed",
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
