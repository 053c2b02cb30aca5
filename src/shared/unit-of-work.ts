/**
 * Runs `work` with stores whose writes are committed together, or not at all if it rejects. Resolves when they are
 * durable. A module asks for the stores that it needs: `UnitOfWork<{ revocations: RevocationLog }>`.
 */
export type UnitOfWork<Stores> = <T>(work: (stores: Stores) => Promise<T>) => Promise<T>;
