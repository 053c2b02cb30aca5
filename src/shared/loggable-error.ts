/** An error's own words. Node wraps the faults of a host with several addresses in one without a message. */
export const reason = (error: unknown): string =>
  error instanceof AggregateError && error.message === "" ? error.errors.map(reason).join("; ") : (error as Error).message;

/**
 * What of an error may stand in the log: drivers' errors carry their command (ioredis: with the password) and Node's the
 * bytes that were received.
 */
export function loggable(error: Error): { [key: string]: unknown; type: string; message: string; stack: string } {
  const { name: type, stack = "", cause } = error;
  const { code } = error as { code?: unknown };
  return { type, message: reason(error), code, stack, ...(cause instanceof Error && { cause: loggable(cause) }) };
}
