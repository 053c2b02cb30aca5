import type { Client } from "../clients/client.js";
import type { Clock } from "../shared/clock.js";
import { invalidRequest, unavailable } from "../shared/errors.js";
import type { KeyRing } from "../keys/key-ring.js";
import { uuidv7 } from "../shared/uuid.js";
import { accessTokenClaims, type Authorized, grantedClaims, idTokenClaims, type Part } from "./authorized.js";
import {
  type AccessTokenClaims, audienceClaim, type IdentityClaims, type MintRequest, type RequestedClaims,
  requestedClaims,
} from "./claims.js";
import { halfHash, signCompact } from "./jws.js";
import type { StatusEntries } from "./status-entries.js";

/** A token response (RFC 6749 §5.1); `expires_in` is seconds. */
export interface TokenResponse {
  access_token: string;
  token_type: "Bearer";
  expires_in: number;
  /** If it differs from the requested scope (RFC 6749 §3.3). */
  scope?: string;
  refresh_token?: string;
  /** OpenID Connect Core §3.1.3.3 */
  id_token?: string;
  /** RFC 8693 §2.2.1 */
  issued_token_type?: string;
}

/**
 * A bearer token is sent in a header. With its name, `Authorization: Bearer `, and its line end it has to fit the
 * header lines that nginx (8192 bytes) and Apache (8190) accept by default.
 */
const MAX_TOKEN_BYTES = 8160;

interface Dependencies {
  ring: KeyRing;
  clock: Clock;
  /** Whether `clock` can be relied on. */
  isClockSynchronised: () => boolean;
  /** The iss of tokens of /mint and /auth/{provider}. */
  issuer: string;
  /** The iss of tokens of the standard endpoints. */
  standardIssuer: string;
  ttl: number;
  ttlMax: number;
  /** Providers whose logins get the subject `<provider>|<id>`. A client needs permission to mint such subjects. */
  loginProviders: readonly string[];
  statuses: StatusEntries;
  /** Whether tokens have a status if the client's policy does not say. */
  statusLists: boolean;
}

/** Issues access tokens. Durations are in seconds. */
export class TokenIssuer {
  readonly #dependencies: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  async mint(client: Client, request: MintRequest): Promise<TokenResponse> {
    return this.sign(await this.claimsOfMint(client, request), client);
  }

  /** The claims of a token that a client mints. `sid`: that of the session, if the request does not name one. */
  async claimsOfMint(client: Client, request: MintRequest, sid?: string): Promise<AccessTokenClaims> {
    const { loginProviders, clock } = this.#dependencies;
    const expiresIn = this.#lifetime(client, request.expires_in);
    const decided = requestedClaims(client, request, loginProviders, clock());
    return this.#complete(client, sid === undefined ? decided : { ...decided, sid }, expiresIn);
  }

  /** The claims of a token that a client gets for itself (RFC 6749 §4.4, RFC 9068 §2.2): its subject is the client. */
  claimsOfClient(client: Client, { scopes = [], resources = [] }: Part): Promise<AccessTokenClaims> {
    const decided = { sub: client.id, ...grantedClaims(client, scopes, resources) };
    return this.#complete(client, decided, this.#lifetime(client, undefined), this.#dependencies.standardIssuer);
  }

  /** The claims of an access token for what a user has authorized. `sign` is a separate step, as for a login. */
  claimsOfAuthorized(client: Client, authorized: Authorized, part: Part = {}): Promise<AccessTokenClaims> {
    const decided = accessTokenClaims(client, authorized, part);
    return this.#complete(client, decided, this.#lifetime(client, undefined), this.#dependencies.standardIssuer);
  }

  /**
   * Signs an access token and, if the scope has `openid`, the ID token that belongs to it (OpenID Connect Core §3.1.3.3
   * and §12.2). `isFirst`: it answers an authorization request, whose nonce it repeats.
   */
  async signAuthorized(
    client: Client,
    authorized: Authorized,
    claims: AccessTokenClaims,
    { isFirst }: { isFirst: boolean },
  ): Promise<TokenResponse> {
    const response = await this.sign(claims, client);
    const scopes = claims.scope?.split(" ") ?? [];
    const granted = { ...response, ...(claims.scope !== undefined && { scope: claims.scope }) };
    if (!scopes.includes("openid")) return granted;
    const { ring, clock, standardIssuer: iss } = this.#dependencies;
    const signer = await ring.currentSigner(clock(), client.idTokenAlg);
    const { nonce } = authorized;
    const payload = {
      iss, ...idTokenClaims(client, authorized, scopes), ...(isFirst && nonce !== undefined && { nonce }),
      iat: claims.iat, exp: claims.exp, at_hash: halfHash(signer.algorithm, response.access_token),
    };
    return { ...granted, id_token: await signCompact(signer, "JWT", payload) };
  }

  /** All claims of the token for a login. `sign` is a separate step, so that the caller knows the jti before. */
  claimsOfLogin(client: Client, claims: IdentityClaims): Promise<AccessTokenClaims> {
    const { sub, ...rest } = claims;
    const decided = { sub, ...audienceClaim(client.policy.default_audience), client_id: client.id, ...rest };
    return this.#complete(client, decided, this.#lifetime(client, undefined));
  }

  /** The token's type is JWT, unless the client's policy says that its audience expects at+jwt. */
  async sign(claims: AccessTokenClaims, client?: Client): Promise<TokenResponse> {
    // Common libraries refuse the type of RFC 9068 §2.1, and strict ones demand it: only the operator knows.
    const wantsAtJwt = [claims.aud ?? []].flat().some((one) => client?.policy.at_jwt_audiences?.includes(one));
    const typ = wantsAtJwt ? "at+jwt" : "JWT";
    const { ring, clock, statuses } = this.#dependencies;
    const signer = await ring.currentSigner(clock());
    // Recorded before it is signed: a cut-off could not find a token without a record.
    statuses.record(claims, signer.kid);
    const token = await signCompact(signer, typ, claims);
    if (token.length > MAX_TOKEN_BYTES) {
      throw invalidRequest(
        `The token would have ${token.length} bytes, and must have at most ${MAX_TOKEN_BYTES}: with ` +
          "\"Authorization: Bearer \" before it, nginx and Apache refuse longer ones by default. Shorten claims",
      );
    }
    return { access_token: token, token_type: "Bearer", expires_in: claims.exp - claims.iat };
  }

  async #complete(
    { policy }: Client,
    decided: RequestedClaims,
    expiresIn: number,
    issuer = this.#dependencies.issuer,
  ): Promise<AccessTokenClaims> {
    const { clock, isClockSynchronised, statuses, statusLists } = this.#dependencies;
    // A cut-off does not cover a token whose time of issue is in the future.
    if (!isClockSynchronised()) throw unavailable("No token can be issued while the clocks disagree: try again");
    const status = policy.status_list ?? statusLists ? { status: await statuses.take() } : {};
    const now = clock();
    const iat = Math.floor(now / 1000);
    return { iss: issuer, ...decided, ...status, jti: uuidv7(now), iat, exp: iat + expiresIn };
  }

  /** Seconds: the most that a token of this client may live. */
  longestLifetime({ policy }: Client): number {
    return Math.min(this.#dependencies.ttlMax, policy.max_ttl ?? Infinity);
  }

  #lifetime(client: Client, requested: number | undefined): number {
    const most = this.longestLifetime(client);
    if (requested !== undefined && requested > most)
      throw invalidRequest(`expires_in must be at most ${most} seconds for this client`);
    return requested ?? Math.min(this.#dependencies.ttl, most);
  }
}
