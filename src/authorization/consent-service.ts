import type { Client } from "../clients/client.js";
import type { ClientRegistry } from "../clients/registry.js";
import type { Revocations } from "../revocation/revocations.js";
import { accessDenied } from "../shared/errors.js";
import type { VerifiedToken } from "../tokens/verifier.js";
import { byClient, type ConsentStore, type ConsentToClient } from "./consents.js";

interface Dependencies {
  consents: Pick<ConsentStore, "ofSubject" | "delete">;
  clients: Pick<ClientRegistry, "lookUp">;
  revocations: Pick<Revocations, "endClientSubject">;
}

export interface GivenConsent extends ConsentToClient { client: Client }

/** The consents of a user, who shows an access token. */
export class ConsentService {
  readonly #dependencies: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  /** What the user allowed, and to whom, as far as the token's client may know it. The oldest comes first. */
  async list(token: VerifiedToken): Promise<GivenConsent[]> {
    const { consents, clients } = this.#dependencies;
    const isVisible = await this.#reachOf(token);
    const given = byClient(await consents.ofSubject(token.claims.sub)).filter(({ clientId }) => isVisible(clientId));
    const all = await Promise.all(given.map(async (one) => ({ ...one, client: await clients.lookUp(one.clientId) })));
    return all.filter((one): one is GivenConsent => one.client !== null);
  }

  /**
   * Takes the user's consent back, and revokes all that the client has of this user. Repeating it is no error. `admit`
   * rejects if the token's client may create no cut-off now. Rejects with access_denied if the token's client may not.
   */
  async withdraw(token: VerifiedToken, clientId: string, admit: () => Promise<void>): Promise<void> {
    const { consents, revocations } = this.#dependencies;
    const isVisible = await this.#reachOf(token);
    if (!isVisible(clientId)) {
      throw accessDenied("This token's client registered itself, so that it may withdraw its own consent only: use " +
        "a token of a client that an operator registered");
    }
    await admit();
    // First: what the client has must not grow again once it is revoked.
    await consents.delete(token.claims.sub, clientId);
    await revocations.endClientSubject(clientId, token.claims.sub);
  }

  /**
   * Whose consents a token's client may see and withdraw. Anybody may register a client: such a one must not learn
   * which others the user allowed, nor disconnect them.
   */
  async #reachOf({ claims: { client_id: own } }: VerifiedToken): Promise<(clientId: string) => boolean> {
    const client = own === undefined ? null : await this.#dependencies.clients.lookUp(own);
    return client?.isSelfRegistered === false ? () => true : (clientId) => clientId === own;
  }
}
