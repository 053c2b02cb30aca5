import { randomUUID } from "node:crypto";
import type { Client, MintPolicy } from "../clients/client.js";
import { introspectionOf, requirePermission } from "../clients/permissions.js";
import { type Name, sessionOfClient } from "../revocation/entry.js";
import { namesOfSession, namesOfSubject, type RevocationState } from "../revocation/revocation-state.js";
import type { Revocations } from "../revocation/revocations.js";
import { type Clock, CLOCK_TOLERANCE } from "../shared/clock.js";
import { invalidGrant } from "../shared/errors.js";
import { GroupCommit } from "../shared/group-commit.js";
import { JoinedLookup } from "../shared/joined-lookup.js";
import { sweepAll } from "../shared/sweep.js";
import { uuidv7 } from "../shared/uuid.js";
import type { AccessTokenClaims, MintRequest } from "../tokens/claims.js";
import { issuedAtMs } from "../tokens/issued-at.js";
import type { TokenIssuer, TokenResponse } from "../tokens/issuer.js";
import type { VerifiedToken } from "../tokens/verifier.js";
import type { RequestedPart } from "./granted-part.js";
import { openAnswer, sealAnswer } from "./refresh-answer.js";
import { claimsOfRefresh, requireRefresh } from "./refresh-claims.js";
import type { RefreshGrant, RefreshTokenFamily, RefreshTokenStore, RotatedFamily } from "./refresh-token.js";
import {
  isRefreshToken, newRefreshToken, parseRefreshToken, type PresentedRefreshToken,
} from "./refresh-token-text.js";

const UNKNOWN = "refresh_token is unknown, has expired or was ended: start the login again";
const LOGGED_OUT = "The user was logged out: start the login again";
const REUSED = "refresh_token was used before, so all tokens of this login are now revoked: start the login again";

/** Rows in one transaction. */
export const MAX_BATCH = 100;

/** Durations are in seconds. */
interface Dependencies {
  store: RefreshTokenStore;
  tokens: TokenIssuer;
  revocations: Pick<Revocations, "endClientSession">;
  state: Pick<RevocationState, "hasRevoked" | "isInLog">;
  clock: Clock;
  /** The absolute and the idle lifetime, where the client's policy does not say. */
  ttl: number;
  idleTtl: number;
  /** For so long an exchange is answered the same again. */
  retry: number;
  /** Called when a family ends because one of its tokens was used again. */
  reused: (family: RefreshTokenFamily) => void;
}

/** Whose login a refresh token continues. `createdAt` (epoch ms): when its first access token was issued. */
export interface LastingLogin { sub: string; sid: string; createdAt?: number | undefined }

/** What introspection says about a refresh token. It has no token_type, which is for access tokens (RFC 7662 §2.2). */
export interface RefreshTokenState extends Pick<AccessTokenClaims, "sub" | "scope" | "iat" | "exp"> {
  client_id: string;
  sid: string;
}

/** Seconds, in a client's policy. */
interface RefreshPolicy extends Partial<MintPolicy> { refresh_ttl?: number | null; refresh_idle_ttl?: number | null }

/** Refresh tokens: opaque, rotated at each use, bound to a client and a session (RFC 6749 §6, RFC 9700 §4.14). */
export class RefreshTokenService {
  readonly #dependencies: Dependencies;
  readonly #lookup: JoinedLookup<RefreshTokenFamily>;
  readonly #starts: GroupCommit<RefreshTokenFamily>;
  readonly #rotations: GroupCommit<RotatedFamily, boolean>;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
    const { store } = dependencies;
    this.#lookup = new JoinedLookup((ids) => store.findAll(ids), ({ id }) => id);
    this.#starts = new GroupCommit<RefreshTokenFamily>(async (families) => {
      await store.start(families);
      return [];
    }, MAX_BATCH);
    this.#rotations = new GroupCommit((rotated) => store.rotate(rotated), MAX_BATCH);
  }

  /** Whether a text has the form of a refresh token; any other may be an access token. */
  recognises(text: string): boolean {
    return isRefreshToken(text);
  }

  /**
   * The first refresh token of a login. Rejects with invalid_grant if the login was ended meanwhile, and with
   * unauthorized_client if the client may not use refresh tokens.
   */
  async start(client: Client, grant: RefreshGrant, login: LastingLogin): Promise<string> {
    const { text, family } = this.prepare(client, grant, login);
    await this.#starts.run(family);
    // After the row is there: a later cut-off finds and deletes it.
    await this.refuseAfterCutoff(family);
    return text;
  }

  /** The same without storing it. */
  prepare(
    client: Client,
    grant: RefreshGrant,
    { sub, sid, createdAt }: LastingLogin,
  ): { text: string; family: RefreshTokenFamily } {
    requireRefresh(client);
    const now = this.#dependencies.clock();
    const id = uuidv7(now);
    const { text, hash } = newRefreshToken(id);
    const { ttl, idleTtl } = this.#lifetimes(client);
    const endsAt = now + ttl;
    const family: RefreshTokenFamily = {
      id, tokenHash: hash, rotation: undefined, clientId: client.id, sub, sid, grant, createdAt: createdAt ?? now,
      idleUntil: Math.min(now + idleTtl, endsAt), endsAt,
    };
    return { text, family };
  }

  /** Rejects with invalid_grant if the login was ended. A row that outlived its cut-off is deleted. */
  async refuseAfterCutoff(family: RefreshTokenFamily): Promise<void> {
    const { store, state } = this.#dependencies;
    if (!await state.hasRevoked(namesOf(family), family.createdAt)) return;
    await store.end(family.id);
    throw invalidGrant(LOGGED_OUT);
  }

  /** Mints a token, as POST /mint does, and starts a login that lasts. Its `sid` is the platform's, or a new one. */
  async mint(client: Client, request: MintRequest): Promise<TokenResponse> {
    requireRefresh(client);
    const { tokens } = this.#dependencies;
    const sid = request.sid ?? randomUUID();
    const claims = await tokens.claimsOfMint(client, request, sid);
    const response = await tokens.sign(claims, client);
    const login = { sub: claims.sub, sid, createdAt: issuedAtMs(claims) };
    return { ...response, refresh_token: await this.start(client, { kind: "mint", request }, login) };
  }

  /**
   * New tokens for a refresh token, once. Within `retry` the same answer again. Rejects with invalid_grant if the token
   * is none of this client's, has expired or was ended. If it was used before, its family and the family's access
   * tokens are revoked. Rejects with invalid_scope or invalid_target if the request asks for more than was granted.
   */
  async exchange(client: Client, token: string, asked: RequestedPart): Promise<TokenResponse> {
    const { clock } = this.#dependencies;
    const presented = parseRefreshToken(token);
    const family = presented && await this.#find(client, presented);
    if (presented === undefined || family === undefined) throw invalidGrant(UNKNOWN);
    if (family.tokenHash !== presented.hash) return this.#repeat(client, family, presented, asked);
    const next = newRefreshToken(family.id);
    // Signed before the token is exchanged: if signing fails, the client can try again.
    const response = { ...await this.#issue(client, family, asked), refresh_token: next.text };
    const now = clock();
    const rotation = { previousHash: presented.hash, rotatedAt: now };
    const answer = sealAnswer(presented, { asked, response });
    const { ttl, idleTtl } = this.#lifetimes(client); // the policy may have become stricter
    const idleUntil = Math.min(now + idleTtl, family.endsAt, family.createdAt + ttl);
    const rotated = { id: family.id, tokenHash: next.hash, idleUntil, rotation, answer };
    if (await this.#rotations.run(rotated)) return response;
    const current = await this.#find(client, presented);
    if (current === undefined) throw invalidGrant(UNKNOWN);
    return this.#repeat(client, current, presented, asked);
  }

  /** Ends the family of a refresh token, with its access tokens (RFC 7009 §2.1); nothing if it is not this client's. */
  async revoke(client: Client, token: string, admit: () => Promise<void>): Promise<void> {
    const presented = parseRefreshToken(token);
    const family = presented && await this.#find(client, presented);
    if (family === undefined) return;
    await admit();
    await this.#end(family);
  }

  /** Ends the families that an access token belongs to, unless it is revoked. Its own revocation is another step. */
  async endLoginOf(token: VerifiedToken): Promise<void> {
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

  /** Null for a token that is not good, and for one that is none of the client's business; as LiveTokens.introspect. */
  async introspect(client: Client, token: string): Promise<RefreshTokenState | null> {
    requirePermission(client, "introspect");
    const { state, clock } = this.#dependencies;
    const presented = parseRefreshToken(token);
    const family = presented && await this.#lookup.find(presented.id);
    if (presented === undefined || !family || family.tokenHash !== presented.hash) return null;
    const { clientId, sub, sid, grant, createdAt, idleUntil } = family;
    if (idleUntil <= clock() || introspectionOf(client, { client_id: clientId }) === undefined) return null;
    if (await state.hasRevoked(namesOf(family), createdAt)) return null;
    const scope = grant.kind === "mint" ? grant.request.scope : grant.authorized.scopes.join(" ");
    return {
      client_id: clientId, sub, sid, ...(scope !== undefined && scope !== "" && { scope }),
      iat: Math.floor(createdAt / 1000), exp: Math.floor(idleUntil / 1000),
    };
  }

  /** Deletes the families that ended before an instant; returns how many. */
  async sweep(before: number): Promise<number> {
    const { store, clock, retry } = this.#dependencies;
    // Answers are far larger than the rest of a row, and nobody can ask for these any more.
    await store.forgetRotations(clock() - retry * 1000 - CLOCK_TOLERANCE);
    return sweepAll((limit) => store.sweep(before, limit));
  }

  /** The family of a token that this client was issued, if it has not expired. */
  async #find({ id: clientId }: Client, { id }: PresentedRefreshToken): Promise<RefreshTokenFamily | undefined> {
    const family = await this.#lookup.find(id);
    // Of another client's token: the family lives on, or whoever sees a token could end its login (RFC 6749 §5.2).
    if (family === null || family.clientId !== clientId) return undefined;
    return family.idleUntil > this.#dependencies.clock() ? family : undefined;
  }

  async #issue(client: Client, family: RefreshTokenFamily, asked: RequestedPart): Promise<TokenResponse> {
    const { tokens } = this.#dependencies;
    const { grant } = family;
    const claims = await claimsOfRefresh(tokens, client, family, asked);
    // After the token's time of issue is chosen: a later cut-off covers the token.
    await this.refuseAfterCutoff(family);
    return grant.kind === "mint" ? tokens.sign(claims, client)
      : tokens.signAuthorized(client, grant.authorized, claims, { isFirst: false });
  }

  /** A token that is not the good one any more: a repeated request, or a token that somebody else has. */
  async #repeat(
    client: Client,
    family: RefreshTokenFamily,
    presented: PresentedRefreshToken,
    asked: RequestedPart,
  ): Promise<TokenResponse> {
    const { store, clock, retry } = this.#dependencies;
    const { id, rotation } = family;
    const isRepeated = rotation?.previousHash === presented.hash && clock() < rotation.rotatedAt + retry * 1000;
    const sealed = isRepeated ? await store.answerTo(id, presented.hash) : undefined;
    if (sealed === undefined) return this.#refuseReuse(family);
    const answer = openAnswer(presented, sealed, asked);
    if (answer.isSame) return answer.response;
    // Such as one page that asks for two audiences at once: it gets both, and one refresh token.
    const { refresh_token = "" } = answer.response;
    return { ...await this.#issue(client, family, asked), refresh_token };
  }

  /** RFC 9700 §4.14.2: nobody knows which of the two is the thief. */
  async #refuseReuse(family: RefreshTokenFamily): Promise<never> {
    this.#dependencies.reused(family);
    await this.#end(family);
    throw invalidGrant(REUSED);
  }

  async #end({ id, clientId, sid, createdAt }: RefreshTokenFamily): Promise<void> {
    const { store, state, revocations } = this.#dependencies;
    // Once: every further attempt would add an entry to the log.
    if (!await state.hasRevoked([sessionOfClient(clientId, sid)], createdAt))
      await revocations.endClientSession(clientId, sid);
    await store.end(id);
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
