/** The last instant that the databases keep: Prisma reads later ones from PostgreSQL as invalid dates. */
const LATEST = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** Epoch milliseconds as both databases can keep them: a lifetime of millennia ends with the year 9999. */
export const toDate = (milliseconds: number): Date => new Date(Math.min(milliseconds, LATEST));
