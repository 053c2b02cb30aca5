import { type Entry, FOREVER, isCutoff, type Name } from "../revocation/entry.js";
import type { LogFollower } from "../revocation/log-follower.js";
import type { RefreshTokenStore } from "./refresh-token.js";
import type { SessionStore } from "./session.js";

interface Stores { refreshTokens: Pick<RefreshTokenStore, "endNamed">; sessions: Pick<SessionStore, "end"> }

/** Ends what would give new tokens after a cut-off: the name's sessions and refresh tokens from before an instant. */
export const endLastingLogins = ({ refreshTokens, sessions }: Stores) =>
  async ({ scope, value }: Name, before: number): Promise<void> => {
    // A session is no single client's.
    if (scope === "sub") await sessions.end({ sub: value, before });
    if (scope === "sid") await sessions.end({ sid: value, before });
    await refreshTokens.endNamed({ scope, value }, before);
  };

/**
 * Ends again what the cut-offs in the log ended: a process may have stopped after it recorded one, and a failover may
 * bring deleted rows back. While the entry stands in the log, such a row gives nothing; afterwards it would.
 */
export class LastingLogins {
  readonly #end: ReturnType<typeof endLastingLogins>;
  #pending: Entry[] = [];

  constructor(stores: Stores, follower: LogFollower) {
    this.#end = endLastingLogins(stores);
    const all = (): void => { this.#add(follower.index.cutoffs()); };
    follower.listen({ applied: (entries) => { this.#add(entries); }, replaced: all, lost: all });
    all();
  }

  /** Rejects if the database does not answer; the next call goes on. */
  async follow(): Promise<void> {
    for (let entry = this.#pending[0]; entry !== undefined; entry = this.#pending[0]) {
      await this.#end(entry, entry.issuedBefore);
      this.#pending.shift();
    }
  }

  #add(entries: Iterable<Entry>): void {
    for (const entry of entries) if (isCutoff(entry) && entry.issuedBefore < FOREVER) this.#pending.push(entry);
  }
}
