/**
 * Runs `work` with stores whose writes commit together, or none of them where it rejects. Resolves when they are
 * durable. A room asks for the stores that it needs: `UnitOfWork<{ cutoffs: CutoffJournal }>`.
 */
export type UnitOfWork<Stores> = <T>(work: (stores: Stores) => Promise<T>) => Promise<T>;
