import { unavailable } from "../../shared/errors.js";

/** The same store, but failures of the driver become temporarily_unavailable, with the driver's error as the cause. */
export function mapDriverErrors<T extends object>(store: T): T {
  const guarded = Object.entries(store).map(([name, method]: [string, (...args: unknown[]) => Promise<unknown>]) => [
    name,
    (...args: unknown[]) => method(...args).catch(mapDriverError),
  ]);
  return Object.fromEntries(guarded) as T;
}

export function mapDriverError(error: unknown): never {
  throw isDriverError(error) ? unavailable("The database does not answer: try again", error) : error;
}

/** When a connection breaks, pg sometimes throws a plain Error, which only its message distinguishes from others. */
function isDriverError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return /^(PrismaClient|DriverAdapter|Sqlite)/.test(error.name) || /connection|timeout/i.test(error.message);
}
