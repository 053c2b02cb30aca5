import type { Client } from "../clients/client.js";
import type { Clock } from "../shared/clock.js";
import { digest, randomSecret } from "../shared/digest.js";
import { invalidGrant } from "../shared/errors.js";
import type { Revocations } from "../revocation/revocations.js";
import { sweepAll } from "../shared/sweep.js";
import type { StatusReference } from "../tokens/status-reference.js";
import type { AccessTokenClaims, IdentityClaims } from "../tokens/claims.js";
import type { TokenResponse, TokenIssuer } from "../tokens/issuer.js";
import type { AuthorizationCode, AuthorizationCodeStore } from "./authorization-code.js";
import type { AuthorizationRequest } from "./pending-login.js";

/** Milliseconds. RFC 6749 §4.1.2 allows ten minutes; a redirect takes a second. */
const CODE_LIFETIME = 60_000;

/** What POST /token brings along for a code (RFC 6749 §4.1.3, RFC 7636 §4.5). */
export interface CodeExchange { code: string; redirectUri: string; codeVerifier: string | undefined }

interface Dependencies {
  store: AuthorizationCodeStore;
  tokens: TokenIssuer;
  revocations: Revocations;
  clock: Clock;
  statusOf: (claims: AccessTokenClaims) => StatusReference | undefined;
}

/** One-time codes: issued to a browser, exchanged by the application. */
export class AuthorizationCodeService {
  readonly #dependencies: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  async issue({ clientId, redirectUri, codeChallenge }: AuthorizationRequest, claims: IdentityClaims): Promise<string> {
    const { store, clock } = this.#dependencies;
    const code = randomSecret();
    await store.issue({
      codeHash: digest(code), clientId, redirectUri, codeChallenge, claims, expiresAt: clock() + CODE_LIFETIME,
      jti: undefined, status: undefined,
    });
    return code;
  }

  /** Throws invalid_grant for a code that is not this client's, not for this redirect URI or verifier, expired or used. */
  async exchange(client: Client, exchange: CodeExchange): Promise<TokenResponse> {
    const { store, tokens, clock, statusOf } = this.#dependencies;
    const codeHash = digest(exchange.code);
    const code = await store.find(codeHash);
    if (code === null || code.clientId !== client.id) throw invalidGrant("code is unknown or expired: start the login again");
    if (code.jti !== undefined) return this.#replayed(code);
    if (code.expiresAt <= clock()) throw invalidGrant("code is unknown or expired: start the login again");
    checkBinding(code, exchange);
    // The token's id is settled before the code is spent: who replays the code finds what to revoke.
    const claims = await tokens.claimsOfLogin(client, code.claims);
    const token = { jti: claims.jti, expiresAt: claims.exp * 1000, status: statusOf(claims) };
    if (await store.exchange(code, token)) return tokens.sign(claims);
    return this.#replayed(await store.find(codeHash) ?? code);
  }

  /** Deletes codes that expired, and exchanged ones whose token did. */
  sweep(): Promise<number> {
    const { store, clock } = this.#dependencies;
    return sweepAll((limit) => store.sweep(clock() - CODE_LIFETIME, limit));
  }

  /** RFC 6749 §4.1.2: one of the two who had the code is not who it was meant for. */
  async #replayed({ jti = "", claims: { sub: subject }, clientId, expiresAt, status }: AuthorizationCode): Promise<never> {
    await this.#dependencies.revocations.revokeIssued({ jti, clientId, subject, expiresAt, ...(status && { status }) });
    throw invalidGrant("code was used before: the token that it gave is revoked");
  }
}

function checkBinding(code: AuthorizationCode, { redirectUri, codeVerifier }: CodeExchange): void {
  if (code.redirectUri !== redirectUri) throw invalidGrant("redirect_uri is not the one that the code was issued for");
  if (code.codeChallenge === undefined) {
    // RFC 9700 §2.1.1: otherwise whoever strips the challenge from the request goes unnoticed.
    if (codeVerifier !== undefined) throw invalidGrant("code_verifier was sent, but the request had no code_challenge");
    return;
  }
  if (codeVerifier === undefined) throw invalidGrant("code_verifier is missing: the request had a code_challenge");
  if (digest(codeVerifier) !== code.codeChallenge) throw invalidGrant("code_verifier does not match the code_challenge");
}
