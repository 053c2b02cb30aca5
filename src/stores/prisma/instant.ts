import { LATEST } from "../../revocation/cutoff.js";

/** Epoch milliseconds as both databases can keep them: a lifetime of millennia ends with the year 9999. */
export const toDate = (milliseconds: number): Date => new Date(Math.min(milliseconds, LATEST));
