import { AuthflowError, unavailable } from "../../errors.js";

/** Errors of our own making, and mistakes in the code, which no later attempt would mend. */
const OURS = [AuthflowError, TypeError, RangeError, ReferenceError];

/** The same store, whose drivers' failures come as temporarily_unavailable with the driver's error as the cause. */
export function answering<T extends object>(store: T): T {
  const guarded = Object.entries(store).map(([name, method]: [string, (...args: unknown[]) => Promise<unknown>]) => [
    name,
    (...args: unknown[]) => method(...args).catch((error: unknown) => {
      throw OURS.some((kind) => error instanceof kind) ? error : unavailable("The database does not answer: try again", error);
    }),
  ]);
  return Object.fromEntries(guarded) as T;
}
