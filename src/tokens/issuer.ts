import type { Client } from "../clients/client.js";
import type { Clock } from "../clock.js";
import { invalidRequest } from "../errors.js";
import type { KeyRing } from "../keys/key-ring.js";
import { uuidv7 } from "../uuid.js";
import { type AccessTokenClaims, type MintRequest, requestedClaims } from "./claims.js";
import { signCompact } from "./jws.js";

/** RFC 6749 §5.1; `expires_in` is seconds. */
export interface IssuedToken { access_token: string; token_type: "Bearer"; expires_in: number }

/** Headers of 8 KiB and more are refused by common proxies, and a bearer token travels in one. */
const MAX_TOKEN_BYTES = 8192;

interface Dependencies { ring: KeyRing; clock: Clock; issuer: string; ttl: number; ttlMax: number }

/** Issues access tokens. Lifetimes are seconds. */
export class TokenIssuer {
  readonly #dependencies: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  async mint(client: Client, request: MintRequest): Promise<IssuedToken> {
    const { ring, clock, issuer } = this.#dependencies;
    const expiresIn = this.#lifetime(client, request.expires_in);
    const now = clock();
    const iat = Math.floor(now / 1000);
    const claims: AccessTokenClaims = {
      iss: issuer, ...requestedClaims(client, request), jti: uuidv7(now), iat, exp: iat + expiresIn,
    };
    // With an audience the token is one of RFC 9068, which wants its own type.
    const token = await signCompact(await ring.currentSigner(now), claims.aud === undefined ? "JWT" : "at+jwt", claims);
    if (token.length > MAX_TOKEN_BYTES) {
      throw invalidRequest(
        `The token would take ${token.length} bytes; ${MAX_TOKEN_BYTES} is the most that fits in a header everywhere: shorten claims`,
      );
    }
    return { access_token: token, token_type: "Bearer", expires_in: expiresIn };
  }

  #lifetime({ policy }: Client, requested: number | undefined): number {
    const most = Math.min(this.#dependencies.ttlMax, policy.max_ttl ?? Infinity);
    if (requested !== undefined && requested > most)
      throw invalidRequest(`expires_in must be at most ${most} seconds for this client`);
    return requested ?? Math.min(this.#dependencies.ttl, most);
  }
}
