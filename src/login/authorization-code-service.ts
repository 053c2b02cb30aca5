import type { Client } from "../clients/client.js";
import type { ClientRegistry } from "../clients/registry.js";
import type { SelfRegistered } from "../clients/scope-policy.js";
import type { Clock } from "../shared/clock.js";
import { digest, randomSecret } from "../shared/digest.js";
import { invalidGrant } from "../shared/errors.js";
import { sessionOfClient } from "../revocation/entry.js";
import { namesOfSession, namesOfSubject, type RevocationState } from "../revocation/revocation-state.js";
import type { Revocations } from "../revocation/revocations.js";
import { GroupCommit } from "../shared/group-commit.js";
import { JoinedLookup } from "../shared/joined-lookup.js";
import { authorizedPart } from "../sessions/granted-part.js";
import type { NewFamily, RefreshTokenFamilies } from "../sessions/refresh-token-families.js";
import { sweepAll } from "../shared/sweep.js";
import type { StatusReference } from "../tokens/status-reference.js";
import type { Authorized } from "../tokens/authorized.js";
import type { AccessTokenClaims, IdentityClaims } from "../tokens/claims.js";
import { instantOf, issuedAtMs } from "../tokens/issued-at.js";
import type { TokenResponse, TokenIssuer } from "../tokens/issuer.js";
import type { AuthorizationCode, AuthorizationCodeStore, Exchange } from "./authorization-code.js";
import type { AuthorizationRequest } from "./pending-login.js";

/** Milliseconds. RFC 6749 §4.1.2 allows ten minutes; a redirect takes a second. */
const CODE_LIFETIME = 60_000;
const UNKNOWN_OR_EXPIRED = "code is unknown or expired: start the login again";

/** The parameters of POST /token for a code (RFC 6749 §4.1.3, RFC 7636 §4.5). */
export interface CodeExchange {
  code: string;
  redirectUri: string;
  codeVerifier: string | undefined;
  /** RFC 8707 §2.2: the audiences of the token, of those that the request named. */
  resources?: string[] | undefined;
}

interface Dependencies {
  store: AuthorizationCodeStore;
  clients: Pick<ClientRegistry, "keep">;
  tokens: TokenIssuer;
  revocations: Revocations;
  state: Pick<RevocationState, "hasRevoked">;
  clock: Clock;
  statusOf: (claims: AccessTokenClaims) => StatusReference | undefined;
  families: Pick<RefreshTokenFamilies, "prepare" | "refuseAfterCutoff">;
  selfRegistered: SelfRegistered;
}

/** One-time codes: the browser receives one, and the application exchanges it. */
export class AuthorizationCodeService {
  readonly #dependencies: Dependencies;
  readonly #lookup: JoinedLookup<AuthorizationCode>;
  readonly #exchanges: GroupCommit<Exchange, boolean>;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
    const { store } = dependencies;
    this.#lookup = new JoinedLookup((hashes) => store.findAll(hashes), ({ codeHash }) => codeHash);
    this.#exchanges = new GroupCommit((exchanges) => store.exchange(exchanges));
  }

  /** `authorized`: of a request at /authorize. */
  async issue(
    { clientId, redirectUri, codeChallenge }: AuthorizationRequest,
    claims: IdentityClaims,
    authorized?: Authorized,
  ): Promise<string> {
    const { store, clock } = this.#dependencies;
    const code = randomSecret();
    await store.issue({
      codeHash: digest(code), clientId, redirectUri, codeChallenge, claims, authorized,
      expiresAt: clock() + CODE_LIFETIME, jti: undefined, status: undefined,
    });
    return code;
  }

  /**
   * Rejects with invalid_grant if the client, redirect URI or verifier is wrong, or the code has expired or was used.
   */
  async exchange(client: Client, exchange: CodeExchange): Promise<TokenResponse> {
    const { clients, tokens, clock, statusOf, families, selfRegistered } = this.#dependencies;
    const codeHash = digest(exchange.code);
    const code = await this.#lookup.find(codeHash);
    if (code === null || code.clientId !== client.id) throw invalidGrant(UNKNOWN_OR_EXPIRED);
    if (code.jti !== undefined) return this.#refuseReplay(code);
    if (code.expiresAt <= clock()) throw invalidGrant(UNKNOWN_OR_EXPIRED);
    checkBinding(code, exchange);
    // The token's jti is chosen before the code is marked as used: a replay then always finds the token to revoke.
    const authorized = code.authorized as Authorized | undefined;
    const claims = await (authorized === undefined ? tokens.claimsOfLogin(client, code.claims)
      : tokens.claimsOfAuthorized(client, authorized,
        authorizedPart(client, authorized, exchange, { selfRegistered })));
    // After the token's time of issue is chosen: a later cut-off covers the token.
    await this.#refuseAfterLogout(code);
    // Signed before the code is used: if signing fails, the client can try again.
    const response = await (authorized === undefined ? tokens.sign(claims, client)
      : tokens.signAuthorized(client, authorized, claims, { isFirst: true }));
    const refresh = authorized && this.#refreshToken(client, authorized, claims);
    const token = { jti: claims.jti, expiresAt: claims.exp * 1000, status: statusOf(claims) };
    await clients.keep(client); // before the code is used: if that fails, the client can try again
    // Of several that exchange the code at once, one gets here first: what all of them have is ended.
    if (!await this.#exchanges.run({ code, token, family: refresh?.family }))
      return this.#refuseReplay(await this.#lookup.find(codeHash) ?? code);
    if (refresh === undefined) return response;
    // After the family is there: a later cut-off finds and deletes it.
    await families.refuseAfterCutoff(refresh.family);
    return { ...response, refresh_token: refresh.text };
  }

  /** Whether the code can still be exchanged. */
  async isExchangeable(code: string): Promise<boolean> {
    const { clock } = this.#dependencies;
    const found = await this.#lookup.find(digest(code));
    return found !== null && found.jti === undefined && found.expiresAt > clock();
  }

  /** Deletes codes that expired before an instant, and used codes whose token did; returns how many. */
  sweep(before: number): Promise<number> {
    return sweepAll((limit) => this.#dependencies.store.sweep(before - CODE_LIFETIME, limit));
  }

  #refreshToken(client: Client, authorized: Authorized, claims: AccessTokenClaims): NewFamily | undefined {
    if (!client.grantTypes.includes("refresh_token")) return undefined;
    const login = { sub: claims.sub, sid: authorized.sid, createdAt: issuedAtMs(claims) };
    return this.#dependencies.families.prepare(client, { kind: "authorized", authorized }, login);
  }

  /** What a log-out-everywhere ends includes the codes that were not exchanged yet. */
  async #refuseAfterLogout({ claims: { sub }, authorized, clientId, expiresAt }: AuthorizationCode): Promise<void> {
    const names = [...namesOfSubject(sub, clientId), ...namesOfSession(authorized?.sid, clientId)];
    if (await this.#dependencies.state.hasRevoked(names, expiresAt - CODE_LIFETIME))
      throw invalidGrant("The user was logged out after this code was issued: start the login again");
  }

  /** RFC 6749 §4.1.2: a code that is used twice was probably stolen, so the token issued for it is revoked. */
  async #refuseReplay(code: AuthorizationCode): Promise<never> {
    const { revocations, state, clock } = this.#dependencies;
    const { jti = "", expiresAt, status, authorized, clientId } = code;
    // Once: every further replay would add an entry to the log.
    if (!await state.hasRevoked([{ scope: "jti", value: jti }], clock()))
      await revocations.revokeIssued({ jti, expiresAt, ...(status && { status }) });
    // Once too: whoever has a used code could else end every later login of the session.
    if (authorized !== undefined
      && !await state.hasRevoked([sessionOfClient(clientId, authorized.sid)], instantOf(jti)))
      await revocations.endClientSession(clientId, authorized.sid);
    throw invalidGrant("code was used before, so the token issued for it is now revoked: start the login again");
  }
}

function checkBinding(code: AuthorizationCode, { redirectUri, codeVerifier }: CodeExchange): void {
  const refuse = (description: string): never => { throw invalidGrant(description); };
  if (code.redirectUri !== redirectUri)
    refuse("redirect_uri is not the one that the code was issued for: send the same as in the login's request");
  if (code.codeChallenge === undefined) {
    // RFC 9700 §2.1.1: detects an attacker who removed the challenge from the authorization request.
    if (codeVerifier !== undefined)
      refuse("code_verifier was sent, but the login's request had no code_challenge: send both or neither");
    return;
  }
  if (codeVerifier === undefined)
    refuse("code_verifier is missing: send the one that the code_challenge of the login's request was made from");
  else if (digest(codeVerifier) !== code.codeChallenge) {
    refuse("code_verifier does not match: send the one of the same login, whose SHA-256 in base64url was the " +
      "code_challenge");
  }
}
