import type { Client } from "../clients/client.js";
import type { Clock } from "../shared/clock.js";
import { invalidRequest } from "../shared/errors.js";
import type { KeyRing } from "../keys/key-ring.js";
import { uuidv7 } from "../shared/uuid.js";
import { type AccessTokenClaims, audienceClaim, type IdentityClaims, type MintRequest, requestedClaims } from "./claims.js";
import { signCompact } from "./jws.js";
import type { StatusEntries } from "./status-entries.js";

/** What a token request is answered with (RFC 6749 §5.1); `expires_in` is seconds. */
export interface TokenResponse {
  access_token: string;
  token_type: "Bearer";
  expires_in: number;
  /** Where it differs from what was asked for (RFC 6749 §3.3). */
  scope?: string;
  refresh_token?: string;
  /** OpenID Connect Core §3.1.3.3 */
  id_token?: string;
  /** RFC 8693 §2.2.1 */
  issued_token_type?: string;
}

/** Headers of 8 KiB and more are refused by common proxies, and a bearer token travels in one. */
const MAX_TOKEN_BYTES = 8192;

interface Dependencies {
  ring: KeyRing;
  clock: Clock;
  issuer: string;
  ttl: number;
  ttlMax: number;
  /** Providers whose logins get the subject `<provider>|<id>`, which nobody may mint without leave. */
  loginProviders: readonly string[];
  statuses: StatusEntries;
  /** Whether tokens carry a status where the client's policy does not say. */
  statusLists: boolean;
}

/** Issues access tokens. Lifetimes are seconds. */
export class TokenIssuer {
  readonly #dependencies: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  async mint(client: Client, request: MintRequest): Promise<TokenResponse> {
    const expiresIn = this.#lifetime(client, request.expires_in);
    const decided = requestedClaims(client, request, this.#dependencies.loginProviders);
    return this.sign(await this.#complete(client, decided, expiresIn));
  }

  /** All claims of the token that a login gives, so that its jti is known before it is signed. */
  claimsOfLogin(client: Client, claims: IdentityClaims): Promise<AccessTokenClaims> {
    const { sub, ...rest } = claims;
    const decided = { sub, ...audienceClaim(client.policy.default_audience), client_id: client.id, ...rest };
    return this.#complete(client, decided, this.#lifetime(client, undefined));
  }

  async sign(claims: AccessTokenClaims): Promise<TokenResponse> {
    // With an audience the token is one of RFC 9068, which wants its own type.
    const typ = claims.aud === undefined ? "JWT" : "at+jwt";
    const { ring, clock, statuses } = this.#dependencies;
    const signer = await ring.currentSigner(clock());
    // Before it is signed: no token leaves that a cut-off could not find.
    statuses.record(claims, signer.kid);
    const token = await signCompact(signer, typ, claims);
    if (token.length > MAX_TOKEN_BYTES) {
      throw invalidRequest(
        `The token would take ${token.length} bytes; ${MAX_TOKEN_BYTES} is the most that fits in a header everywhere: shorten claims`,
      );
    }
    return { access_token: token, token_type: "Bearer", expires_in: claims.exp - claims.iat };
  }

  async #complete(
    { policy }: Client,
    decided: Omit<AccessTokenClaims, "iss" | "jti" | "iat" | "exp">,
    expiresIn: number,
  ): Promise<AccessTokenClaims> {
    const { clock, issuer, statuses, statusLists } = this.#dependencies;
    const status = policy.status_list ?? statusLists ? { status: await statuses.take() } : {};
    const now = clock();
    const iat = Math.floor(now / 1000);
    return { iss: issuer, ...decided, ...status, jti: uuidv7(now), iat, exp: iat + expiresIn } as AccessTokenClaims;
  }

  #lifetime({ policy }: Client, requested: number | undefined): number {
    const most = Math.min(this.#dependencies.ttlMax, policy.max_ttl ?? Infinity);
    if (requested !== undefined && requested > most)
      throw invalidRequest(`expires_in must be at most ${most} seconds for this client`);
    return requested ?? Math.min(this.#dependencies.ttl, most);
  }
}
