import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "../clients/client.js";
import { enforceSubject } from "../clients/mint-policy.js";
import { requirePermission } from "../clients/permissions.js";
import { type Clock, CUTOFF_TOLERANCE } from "../shared/clock.js";
import { AuthflowError, invalidRequest, invalidToken, unavailable } from "../shared/errors.js";
import { isPrintable } from "../shared/text.js";
import type { Timing } from "../shared/timing.js";
import type { AccessTokenClaims } from "../tokens/claims.js";
import type { StatusReference } from "../tokens/status-reference.js";
import type { TokenVerifier, VerifiedToken } from "../tokens/verifier.js";
import { parseCompact } from "../tokens/jws.js";
import { issuedAtMs } from "../tokens/issued-at.js";
import { type Entry, FOREVER, type Name, sessionOfClient, subjectOfClient } from "./entry.js";
import { type LogWriter, unconfirmed } from "./log-writer.js";
import type { OutletAgreement } from "./outlet-agreement.js";
import type { RevocationOutlet } from "./outlet.js";
import { namesOf, type RevocationState } from "./revocation-state.js";

interface Dependencies {
  verifier: Pick<TokenVerifier, "verify">;
  writer: LogWriter;
  state: RevocationState;
  /** What other services read; undefined if nothing does. */
  outlet?: RevocationOutlet | undefined;
  agreement: OutletAgreement;
  clock: Clock;
  timing: Pick<Timing, "cutoffWait">;
  /** The longest lifetime, in seconds, of a token that still verifies. */
  longestTtl: () => number;
  /** Providers whose logins get the subject `<provider>|<id>`. */
  loginProviders: readonly string[];
  /** Called when the log has new entries. */
  appended: () => void;
  /** The token's entry in a status list of this deployment. */
  statusOf: (claims: AccessTokenClaims) => StatusReference | undefined;
  /** Ends what lasts beside the tokens of a cut-off. Called when they are revoked, before that is acknowledged. */
  ended?: ((name: Name, issuedBefore: number) => Promise<void>) | undefined;
}

/** A token that is revoked without being presented. `expiresAt` is epoch ms. */
export type RevokedToken = Pick<Entry, "expiresAt" | "status"> & { jti: string };

/** What a caller asks to revoke. `token` is a JWT; `client_id` is a client's own where a client asks. */
export interface RevocationRequest {
  sub?: string | undefined;
  sid?: string | undefined;
  client_id?: string | undefined;
  client_secret?: string | undefined;
  jti?: string | undefined;
  token?: string | undefined;
}
/** What was revoked. `client_id` beside `sub` or `sid`: only the tokens that the client was issued. */
export interface RevokedNames { sub?: string; sid?: string; client_id?: string; jti?: string }

/** Revokes tokens, one by one or by cut-offs. A call resolves when the revoked tokens are refused. */
export class Revocations {
  readonly #dependencies: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  /** Rejects with invalid_token where the token was revoked before. */
  async revoke(token: VerifiedToken): Promise<void> {
    const entry = this.#entryOf(token);
    if (await this.#append([entry], token)) return;
    await this.#refuseShown(token);
    await this.#show(entry);
    await this.#settle();
  }

  /**
   * Revokes an access token that the client was issued (RFC 7009 §2.1). Nothing happens if it is another client's, or
   * not valid any more. Rejects with unsupported_token_type for an ID token, of which no service asks whether it is
   * revoked.
   */
  async revokeOwn(client: Client, token: string): Promise<void> {
    if (parseCompact(token)?.payload.at_hash !== undefined) {
      throw new AuthflowError(400, "unsupported_token_type",
        "This is an ID token, which can't be revoked: send the access token or the refresh token");
    }
    try {
      const verified = await this.#dependencies.verifier.verify(token);
      if (verified.claims.client_id === client.id) await this.revoke(verified);
    } catch (error) {
      if (!(error instanceof AuthflowError) || error.code !== "invalid_token") throw error;
    }
  }

  /** Revokes a token that the caller does not present. No error if it was revoked before. */
  async revokeIssued({ jti, ...token }: RevokedToken): Promise<void> {
    await this.#append([{ scope: "jti", value: jti, issuedBefore: FOREVER, ...token }]);
  }

  /** Revokes every token that a key ever signed, permanently: an attacker may have given tokens any lifetime. */
  async revokeKey(kid: string): Promise<void> {
    await this.#append([{ scope: "kid", value: kid, issuedBefore: FOREVER, expiresAt: FOREVER }]);
  }

  /**
   * Logs the token's subject out everywhere: revokes all its tokens. Rejects as `revoke` does. `admit` rejects if the
   * token's client may create no cut-off now: a token that was revoked before does not count.
   */
  async revokeEverywhere(token: VerifiedToken, admit?: () => Promise<void>): Promise<void> {
    await this.#revokeWith(token, { scope: "sub", value: token.claims.sub }, admit);
  }

  /**
   * The same for the token's session. Only its client's own tokens if the client's policy limits its subjects, as for
   * `revokeAsClient`, or if there is no such client any more (null). Rejects with invalid_request if it has no session.
   */
  async revokeSession(token: VerifiedToken, client: Client | null, admit?: () => Promise<void>): Promise<void> {
    const { sid, client_id: clientId } = token.claims;
    if (typeof sid !== "string") throw invalidRequest("The token has no sid, so that its session is not known");
    const isWhole = clientId === undefined || client?.policy.subject_prefixes === null;
    await this.#revokeWith(token, isWhole ? { scope: "sid", value: sid } : sessionOfClient(clientId, sid), admit);
  }

  async #revokeWith(token: VerifiedToken, name: Name, admit: (() => Promise<void>) | undefined): Promise<void> {
    if (await this.#dependencies.state.isInLog(token)) await this.#refuseShown(token);
    await admit?.();
    // Also by its id: the token may claim a time of issue that the cut-off does not cover.
    await this.#endIssued(name, token.claims.exp * 1000, this.#entryOf(token));
  }

  /**
   * Revokes the tokens of a subject or a session that were issued until now: those that the client was issued, or with
   * `revoke:any` those of every client. Rejects with access_denied if it has neither permission, or if it may not mint
   * for the subject whose tokens of other clients it would revoke. A session does not say whose it is: a client that
   * may mint for some subjects only revokes its own tokens of it.
   */
  async revokeAsClient(client: Client, { sub, sid, jti, token }: RevocationRequest): Promise<RevokedNames> {
    const permission = requirePermission(client, "revoke");
    if (jti !== undefined || token !== undefined) {
      throw invalidRequest("jti and token are for operators: a client names sub or sid, or logs a token out by " +
        "POST /logout");
    }
    const holder = holderIn({ sub, sid });
    if (holder === undefined) throw invalidRequest("sub or sid is missing");
    const { policy } = client;
    const isOwn = permission !== "revoke:any" || (holder.scope === "sid" && policy.subject_prefixes !== null);
    if (!isOwn && holder.scope === "sub") enforceSubject(policy, holder.value, this.#dependencies.loginProviders);
    return this.#endHolder(holder, isOwn ? client.id : undefined);
  }

  /**
   * Revokes what an operator names: `sub`, `sid` or `client_id`, or one of the first two with `client_id`; `jti`; or
   * `token`. Repeating it is no error.
   */
  async revokeAsOperator(request: RevocationRequest): Promise<RevokedNames> {
    const { client_id, client_secret, jti, token } = request;
    if (client_secret !== undefined)
      throw invalidRequest("client_secret is for clients: an operator sends no secret of a client");
    const clientId = client_id?.toLowerCase();
    const holder = holderIn(request);
    const ways = [jti, token, holder ?? clientId].filter((way) => way !== undefined);
    if (ways.length !== 1) {
      throw invalidRequest("Name what to revoke: sub or sid, which client_id may accompany; client_id; or one token " +
        "by token or jti");
    }
    if (jti !== undefined) return this.#revokeById(jti);
    if (token !== undefined) return this.#revokePresented(token);
    if (holder !== undefined) return this.#endHolder(holder, clientId);
    await this.revokeClient(clientId as string);
    return { client_id: clientId as string };
  }

  /** Revokes every token that a client was issued until now. */
  async revokeClient(clientId: string): Promise<void> {
    await this.#endIssued({ scope: "client_id", value: clientId.toLowerCase() });
  }

  /** Revokes the tokens of a session that one client was issued until now. */
  async endClientSession(clientId: string, sid: string): Promise<void> {
    await this.#endHolder({ scope: "sid", value: sid }, clientId);
  }

  /** Revokes the tokens of a subject that one client was issued until now. */
  async endClientSubject(clientId: string, sub: string): Promise<void> {
    await this.#endHolder({ scope: "sub", value: sub }, clientId);
  }

  async #endHolder(holder: Holder, clientId?: string): Promise<RevokedNames> {
    const { scope, value } = holder;
    const ofClient = scope === "sub" ? subjectOfClient : sessionOfClient;
    await this.#endIssued(clientId === undefined ? holder : ofClient(clientId, value));
    return { [scope]: value, ...(clientId !== undefined && { client_id: clientId }) };
  }

  /**
   * Revokes a token of which only the id is known. Its expiry is unknown: the entry is kept as long as any token issued
   * until now can be valid. Its index is unknown too, so that its status list does not show the revocation.
   */
  async #revokeById(jti: string): Promise<RevokedNames> {
    checkPrintable("jti", jti);
    const { clock, longestTtl } = this.#dependencies;
    const expiresAt = clock() + CUTOFF_TOLERANCE + longestTtl() * 1000;
    await this.revokeIssued({ jti, expiresAt });
    return { jti };
  }

  async #revokePresented(token: string): Promise<RevokedNames> {
    const verified = await this.#dependencies.verifier.verify(token).catch((error: unknown) => {
      if (!(error instanceof AuthflowError) || error.code !== "invalid_token") throw error;
      throw invalidRequest(`token can't be revoked, because no service accepts it: ${error.message}`);
    });
    await this.#append([this.#entryOf(verified)]);
    return { jti: verified.claims.jti };
  }

  /**
   * Revokes what was issued until now. Another replica's clock may be ahead: a token that it has just issued may claim
   * a time up to CUTOFF_TOLERANCE after now. The cut-off covers it. The call resolves when no replica's clock can give
   * a new token a time that the cut-off covers, and what lasts beside the tokens has ended.
   */
  async #endIssued(name: Name, atLeastUntil = 0, token?: Entry): Promise<void> {
    const { clock, timing, longestTtl, ended } = this.#dependencies;
    const issuedBefore = clock() + CUTOFF_TOLERANCE + 1;
    const expiresAt = Math.max(issuedBefore + longestTtl() * 1000, atLeastUntil);
    await this.#append([{ ...name, issuedBefore, expiresAt }, ...(token === undefined ? [] : [token])]);
    await ended?.(name, issuedBefore).catch((cause: unknown) => {
      throw unavailable("The tokens are revoked, but what could renew them could not be ended: try again", cause);
    });
    await sleep(timing.cutoffWait);
  }

  /** Resolves to false if the log had revoked `token` before. */
  async #append(entries: readonly Entry[], token?: VerifiedToken): Promise<boolean> {
    const { writer, appended } = this.#dependencies;
    if (!await writer.append(entries, token)) return false;
    appended();
    await this.#show(...entries);
    await this.#settle();
    return true;
  }

  /** Resolves when other services can see the entries. */
  async #show(...entries: Entry[]): Promise<void> {
    await this.#dependencies.outlet?.put(entries).catch(unconfirmed);
  }

  async #settle(): Promise<void> {
    await this.#dependencies.agreement.settle().catch(unconfirmed);
  }

  #entryOf({ claims }: VerifiedToken): Entry {
    const status = this.#dependencies.statusOf(claims);
    return {
      scope: "jti", value: claims.jti, issuedBefore: FOREVER, expiresAt: claims.exp * 1000, ...(status && { status }),
    };
  }

  /**
   * Rejects with invalid_token if other services see the revocation that the log has. A logout that was answered 503
   * may be in the log only; the client repeats it, and the repetition must complete it.
   */
  async #refuseShown(token: VerifiedToken): Promise<void> {
    const { outlet } = this.#dependencies;
    const isShown = outlet === undefined || await outlet.isRevoked(namesOf(token), issuedAtMs(token.claims));
    if (isShown === true) throw invalidToken("The token was revoked");
  }
}

/** A subject or a session. */
interface Holder extends Name { scope: "sub" | "sid" }

/** What the request names. Throws invalid_request if it names both, or a text that is not printable. */
function holderIn({ sub, sid }: Pick<RevocationRequest, "sub" | "sid">): Holder | undefined {
  if (sub !== undefined && sid !== undefined)
    throw invalidRequest("sub and sid can't be combined: name either the subject or the session");
  const [scope, value] = sub === undefined ? ["sid", sid] as const : ["sub", sub] as const;
  if (value === undefined) return undefined;
  checkPrintable(scope, value);
  return { scope, value };
}

const NONCHARACTERS = /\p{NChar}/gu;

/**
 * Accepts more than /mint does: a version before issued subjects of noncharacters or of invisible characters alone, and
 * their tokens must be revocable for as long as they live.
 */
function checkPrintable(name: string, text: string): void {
  if (!isPrintable(text.replace(NONCHARACTERS, " ")))
    throw invalidRequest(`${name} must not hold control characters or bidirectional overrides`);
}
