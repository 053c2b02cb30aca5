import type { Clock } from "../shared/clock.js";
import type { Permission } from "./client.js";

/** When a client last used a permission (epoch ms). */
export interface PermissionUse { clientId: string; permission: Permission; usedAt: number }

/** A permission that a client has and does not use. Instants are epoch ms. */
export interface UnusedPermission {
  clientId: string;
  name: string;
  /** All that the client has. */
  permissions: Permission[];
  permission: Permission;
  /** When it was last used or the client's permissions were last changed, whichever came later. */
  since: number;
}

export interface PermissionUseStore {
  /** Durable when it resolves. Of two uses of one permission the last one given stays. */
  record(uses: readonly PermissionUse[]): Promise<void>;
  /**
   * Which of `permissions` clients have had since `before` (epoch ms) and have not used since then, in the order of
   * registration. Not those of disabled clients.
   */
  unused(permissions: readonly Permission[], before: number): Promise<UnusedPermission[]>;
}

/** Milliseconds for which one use of a permission stands for all further ones. */
const PERIOD = 86_400_000;

/** Milliseconds after which a permission counts as unused: since its last use, or since it was given. */
export const UNUSED_AFTER = 30 * PERIOD;

/**
 * Notes which permissions clients use, so that an operator can withdraw the others. `note` only touches memory; `flush`
 * stores what is new, which each process does once a day for each permission in use.
 */
export class PermissionUses {
  readonly #store: PermissionUseStore;
  readonly #clock: Clock;
  #period: number;
  readonly #noted = new Map<string, Set<Permission>>();
  #unstored: PermissionUse[] = [];

  constructor({ store, clock }: { store: PermissionUseStore; clock: Clock }) {
    this.#store = store;
    this.#clock = clock;
    this.#period = Math.floor(clock() / PERIOD);
  }

  note(clientId: string, permission: Permission): void {
    let noted = this.#noted.get(clientId);
    if (noted === undefined) this.#noted.set(clientId, noted = new Set());
    if (noted.has(permission)) return;
    noted.add(permission);
    this.#unstored.push({ clientId, permission, usedAt: this.#clock() });
  }

  /** Rejects if the uses could not be stored; the next call stores them. */
  async flush(): Promise<void> {
    const uses = this.#unstored;
    this.#unstored = [];
    if (uses.length > 0) {
      await this.#store.record(uses).catch((error: unknown) => {
        this.#unstored.unshift(...uses);
        throw error;
      });
    }
    const period = Math.floor(this.#clock() / PERIOD);
    if (period !== this.#period) this.#noted.clear();
    this.#period = period;
  }
}
