import { type Clock, CLOCK_TOLERANCE } from "../clock.js";
import { invalidToken, unavailable } from "../errors.js";
import type { AccessTokenClaims } from "../tokens/claims.js";
import type { Revocation, RevocationJournal } from "./journal.js";
import type { SharedFace } from "./shared-face.js";

const PAGE = 2000;
const REVOKED = "The token was revoked";

interface Dependencies { journal: RevocationJournal; face?: SharedFace | undefined; clock: Clock }

/** What is revoked: the journal is the truth, the shared face its fast copy. */
export class Revocations {
  readonly #journal: RevocationJournal;
  readonly #face: SharedFace | undefined;
  readonly #clock: Clock;
  #shown: string[] = [];

  constructor({ journal, face, clock }: Dependencies) {
    this.#journal = journal;
    this.#face = face;
    this.#clock = clock;
  }

  /** Resolves when the token is refused everywhere; rejects with invalid_token where it already was. */
  async revoke({ jti, client_id, sub, exp }: AccessTokenClaims): Promise<void> {
    const now = this.#clock();
    const revocation: Revocation = { jti, clientId: client_id ?? "", subject: sub, expiresAt: exp * 1000, revokedAt: now };
    if (await this.#inEffect(jti)) throw invalidToken(REVOKED);
    await this.#journal.record(revocation, this.#face === undefined).catch((cause: unknown) => {
      throw unavailable("The logout could not be recorded: try again", cause);
    });
    if (this.#face === undefined) return;
    try {
      await this.#face.show([revocation], now);
    } catch (cause) {
      throw unavailable(
        "The logout is recorded but does not reach every service yet: try again until it is confirmed",
        cause,
      );
    }
    this.#shown.push(jti);
  }

  /** Rejects with temporarily_unavailable where neither face nor journal can tell. */
  async isRevoked(jti: string): Promise<boolean> {
    return await this.#face?.has(jti) ?? await this.#journalHas(jti);
  }

  /**
   * Brings the face up to the journal: all of it after the face lost its contents, else what some replica recorded and
   * could not show. Rejects when the face is out of reach.
   */
  async synchronise(): Promise<void> {
    if (this.#face === undefined) return;
    const face = this.#face;
    if (!await face.isComplete()) await face.fill(() => this.#fill(face));
    const confirmed = this.#shown;
    this.#shown = [];
    if (confirmed.length > 0) await this.#journal.markShared(confirmed);
    const waiting = await this.#journal.unshared(this.#clock(), PAGE);
    if (waiting.length === 0) return;
    await face.show(waiting, this.#clock());
    await this.#journal.markShared(waiting.map(({ jti }) => jti));
  }

  /** Whether the face shows all that the journal holds (true where there is none). Rejects when it is out of reach. */
  async isComplete(): Promise<boolean> {
    return await this.#face?.isComplete() ?? true;
  }

  /** Deletes revocations whose tokens have expired, by every replica's clock. */
  async sweep(): Promise<number> {
    let swept = 0;
    for (;;) {
      const deleted = await this.#journal.sweep(this.#clock() - CLOCK_TOLERANCE, PAGE);
      swept += deleted;
      if (deleted < PAGE) return swept;
    }
  }

  /** A logout that was answered 503 stands in the journal only: its repetition must be able to finish it. */
  async #inEffect(jti: string): Promise<boolean> {
    return this.#face === undefined ? this.#journalHas(jti) : await this.#face.has(jti) === true;
  }

  async #journalHas(jti: string): Promise<boolean> {
    return this.#journal.has(jti).catch((cause: unknown) => {
      throw unavailable("Whether the token was revoked can't be known right now", cause);
    });
  }

  async #fill(face: SharedFace): Promise<void> {
    let after: string | undefined;
    for (;;) {
      const page = await this.#journal.live(this.#clock(), { limit: PAGE, ...(after === undefined ? {} : { after }) });
      if (page.length > 0) await face.show(page, this.#clock());
      after = page.at(-1)?.jti;
      if (page.length < PAGE) return;
    }
  }
}
