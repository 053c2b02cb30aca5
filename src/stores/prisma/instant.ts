import type { Db } from "./db.js";

/** The last instant that can be stored: Prisma reads later ones from PostgreSQL as invalid dates. */
const LATEST = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** Converts epoch milliseconds to what both databases can store; later instants become the end of the year 9999. */
export const toDate = (milliseconds: number): Date => new Date(Math.min(milliseconds, LATEST));

/** The same where a statement has it as JSON: SQLite stores a number. */
export const toColumn = (milliseconds: number, { postgres }: Pick<Db, "postgres">): Date | number =>
  postgres ? toDate(milliseconds) : toDate(milliseconds).getTime();
