import type { Client } from "../clients/client.js";
import type { PermissionUses } from "../clients/permission-uses.js";
import { introspectionOf, requirePermission } from "../clients/permissions.js";
import { AuthflowError, invalidToken } from "../shared/errors.js";
import type { TokenVerifier, VerifiedToken } from "../tokens/verifier.js";
import type { RevocationState } from "./revocation-state.js";

interface Dependencies { verifier: TokenVerifier; state: RevocationState; uses: Pick<PermissionUses, "note"> }

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

  /**
   * Null for a token that is not live, for whatever reason, and for one that is none of the client's business (RFC 7662
   * §2.2). Rejects if the client may not introspect, or if the token's state can't be known.
   */
  async introspect(client: Client, token: string): Promise<VerifiedToken | null> {
    requirePermission(client, "introspect");
    try {
      const live = await this.verify(token);
      const permission = introspectionOf(client, live.claims);
      if (permission === undefined) return null;
      this.#dependencies.uses.note(client.id, permission);
      return live;
    } catch (error) {
      if (error instanceof AuthflowError && error.code === "invalid_token") return null;
      throw error;
    }
  }
}
