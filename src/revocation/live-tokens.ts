import { AuthflowError, invalidToken } from "../shared/errors.js";
import type { TokenVerifier, VerifiedToken } from "../tokens/verifier.js";
import type { RevocationState } from "./revocation-state.js";

interface Dependencies { verifier: TokenVerifier; state: RevocationState }

/** The live check: a token must be valid and not revoked. */
export class LiveTokens {
  readonly #dependencies: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  /** Rejects with invalid_token, or with temporarily_unavailable if the token's state can't be known. */
  async verify(token: string): Promise<VerifiedToken> {
    const { verifier, state } = this.#dependencies;
    const verified = await verifier.verify(token);
    if (await state.isRevoked(verified)) throw invalidToken("The token was revoked");
    return verified;
  }

  /** Null for a token that is not live, for whatever reason (RFC 7662 §2.2). Rejects if its state can't be known. */
  async find(token: string): Promise<VerifiedToken | null> {
    try {
      return await this.verify(token);
    } catch (error) {
      if (error instanceof AuthflowError && error.code === "invalid_token") return null;
      throw error;
    }
  }
}
