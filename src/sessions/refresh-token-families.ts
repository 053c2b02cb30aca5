import type { Client, MintPolicy } from "../clients/client.js";
import { type Name, sessionOfClient } from "../revocation/entry.js";
import { namesOfSession, namesOfSubject, type RevocationState } from "../revocation/revocation-state.js";
import type { Revocations } from "../revocation/revocations.js";
import { type Clock, CLOCK_TOLERANCE } from "../shared/clock.js";
import { invalidGrant } from "../shared/errors.js";
import { GroupCommit } from "../shared/group-commit.js";
import { JoinedLookup } from "../shared/joined-lookup.js";
import { sweepAll } from "../shared/sweep.js";
import { uuidv7 } from "../shared/uuid.js";
import type { VerifiedToken } from "../tokens/verifier.js";
import { issuedAtMs } from "../tokens/issued-at.js";
import { requireRefresh } from "./refresh-claims.js";
import type { RefreshGrant, RefreshTokenFamily, RefreshTokenStore, RotatedFamily } from "./refresh-token.js";
import { newRefreshToken } from "./refresh-token-text.js";

const LOGGED_OUT = "The user was logged out: start the login again";

/** Durations are in seconds. */
export interface FamilyDependencies {
  store: RefreshTokenStore;
  revocations: Pick<Revocations, "endClientSession">;
  state: Pick<RevocationState, "hasRevoked" | "isInLog">;
  clock: Clock;
  /** The absolute and the idle lifetime, where the client's policy does not say. */
  ttl: number;
  idleTtl: number;
  /** For so long an exchange is answered the same again. */
  retry: number;
}

/** Whose login a refresh token continues. `createdAt` (epoch ms): when its first access token was issued. */
export interface LastingLogin { sub: string; sid: string; createdAt?: number | undefined }

/** A family to be stored, and its first token. */
export interface NewFamily { family: RefreshTokenFamily; text: string }

/** Seconds, in a client's policy. */
interface RefreshPolicy extends Partial<MintPolicy> { refresh_ttl?: number | null; refresh_idle_ttl?: number | null }

/** The logins that last: how they are found, continued and ended. Requests that come at once share what they need. */
export class RefreshTokenFamilies {
  readonly #dependencies: FamilyDependencies;
  readonly #lookup: JoinedLookup<RefreshTokenFamily>;
  readonly #starts: GroupCommit<RefreshTokenFamily>;
  readonly #rotations: GroupCommit<RotatedFamily, boolean>;

  constructor(dependencies: FamilyDependencies) {
    this.#dependencies = dependencies;
    const { store } = dependencies;
    this.#lookup = new JoinedLookup((ids) => store.findAll(ids), ({ id }) => id);
    this.#starts = new GroupCommit<RefreshTokenFamily>((families) => store.start(families));
    this.#rotations = new GroupCommit((rotated) => store.rotate(rotated));
  }

  /** Null if there is none. It may have ended: `endOf`, `wasEnded`. */
  find(id: string): Promise<RefreshTokenFamily | null> {
    return this.#lookup.find(id);
  }

  /** When it ends unless it is used before; undefined if that is over. `client` is its own. */
  endOf(client: Client, { issuedAt, idleUntil, createdAt }: RefreshTokenFamily): number | undefined {
    const { ttl, idleTtl } = this.#lifetimes(client); // which may have become shorter
    const end = Math.min(idleUntil, issuedAt + idleTtl, createdAt + ttl);
    return end > this.#dependencies.clock() ? end : undefined;
  }

  /** Rejects with invalid_grant if the login was ended meanwhile. Resolves to its first token. */
  async start(client: Client, grant: RefreshGrant, login: LastingLogin): Promise<string> {
    const { text, family } = this.prepare(client, grant, login);
    await this.#starts.run(family);
    // After the row is there: a later cut-off finds and deletes it.
    await this.refuseAfterCutoff(family);
    return text;
  }

  /** The same without storing it. Throws unauthorized_client if the client may not use refresh tokens. */
  prepare(client: Client, grant: RefreshGrant, { sub, sid, createdAt }: LastingLogin): NewFamily {
    requireRefresh(client);
    const now = this.#dependencies.clock();
    const id = uuidv7(now);
    const { text, hash } = newRefreshToken(id);
    const { ttl, idleTtl } = this.#lifetimes(client);
    const endsAt = now + ttl;
    const family: RefreshTokenFamily = {
      id, tokenHash: hash, issuedAt: now, previousHash: undefined, clientId: client.id, sub, sid, grant,
      createdAt: createdAt ?? now, idleUntil: Math.min(now + idleTtl, endsAt), endsAt,
    };
    return { text, family };
  }

  /** Makes the token with the hash `tokenHash` the good one, unless another request was faster: then false. */
  rotate(
    client: Client,
    { id, tokenHash: previousHash, endsAt, createdAt }: RefreshTokenFamily,
    { tokenHash, answer }: Pick<RotatedFamily, "tokenHash" | "answer">,
  ): Promise<boolean> {
    const now = this.#dependencies.clock();
    const { ttl, idleTtl } = this.#lifetimes(client);
    const idleUntil = Math.min(now + idleTtl, endsAt, createdAt + ttl);
    return this.#rotations.run({ id, tokenHash, issuedAt: now, previousHash, idleUntil, answer });
  }

  /** What was answered to the token that was exchanged last, if it is this one and not long ago. */
  async answerTo({ id, issuedAt, previousHash }: RefreshTokenFamily, tokenHash: string): Promise<string | undefined> {
    const { store, clock, retry } = this.#dependencies;
    const isRecent = previousHash === tokenHash && clock() < issuedAt + retry * 1000;
    return isRecent ? store.answerTo(id, tokenHash) : undefined;
  }

  /** Whether a logout or another cut-off has ended it. */
  wasEnded(family: RefreshTokenFamily): Promise<boolean> {
    return this.#dependencies.state.hasRevoked(namesOf(family), family.createdAt);
  }

  /** Rejects with invalid_grant if the login was ended. A row that outlived its cut-off is deleted. */
  async refuseAfterCutoff(family: RefreshTokenFamily): Promise<void> {
    if (!await this.wasEnded(family)) return;
    await this.#dependencies.store.end(family.id);
    throw invalidGrant(LOGGED_OUT);
  }

  /** Ends a family with its access tokens. */
  async end({ id, clientId, sid, createdAt }: RefreshTokenFamily): Promise<void> {
    const { store, state, revocations } = this.#dependencies;
    // Once: every further attempt would add an entry to the log.
    if (!await state.hasRevoked([sessionOfClient(clientId, sid)], createdAt))
      await revocations.endClientSession(clientId, sid);
    await store.end(id);
  }

  /** Ends the families that an access token belongs to, unless it is revoked. Its own revocation is another step. */
  async endThoseOf(token: VerifiedToken): Promise<void> {
    const { store, state } = this.#dependencies;
    const { client_id: clientId, sid } = token.claims;
    if (clientId === undefined || typeof sid !== "string" || await state.isInLog(token)) return;
    // Not those that began later: their user logged in again.
    await store.endNamed(sessionOfClient(clientId, sid), issuedAtMs(token.claims) + 1);
  }

  /** Ends all families. Their access tokens stay valid. */
  async endAll(): Promise<void> {
    await this.#dependencies.store.endAll();
  }

  /** Deletes the families that ended before an instant; returns how many. */
  async sweep(before: number): Promise<number> {
    const { store, clock, retry } = this.#dependencies;
    // Answers are far larger than the rest of a row, and nobody can ask for these any more.
    await store.forgetRotations(clock() - retry * 1000 - CLOCK_TOLERANCE);
    return sweepAll((limit) => store.sweep(before, limit));
  }

  /** Milliseconds. */
  #lifetimes({ policy }: { policy: RefreshPolicy }): { ttl: number; idleTtl: number } {
    const { ttl, idleTtl } = this.#dependencies;
    return { ttl: (policy.refresh_ttl ?? ttl) * 1000, idleTtl: (policy.refresh_idle_ttl ?? idleTtl) * 1000 };
  }
}

/** What can end a family. */
const namesOf = ({ sub, sid, clientId }: RefreshTokenFamily): Name[] =>
  [...namesOfSubject(sub, clientId), ...namesOfSession(sid, clientId)];
