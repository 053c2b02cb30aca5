/** An error's message. For a host with several addresses, Node throws an AggregateError whose own message is empty. */
export const reason = (error: unknown): string =>
  error instanceof AggregateError && error.message === ""
    ? error.errors.map(reason).join("; ")
    : (error as Error).message;

/**
 * The members of an error that may be logged. Others may hold secrets: drivers' errors carry the command (ioredis: with
 * the password), and Node's the bytes that were received.
 */
export function loggable(error: Error): { [key: string]: unknown; type: string; message: string; stack: string } {
  const { name: type, stack = "", cause } = error;
  const { code } = error as { code?: unknown };
  return { type, message: reason(error), code, stack, ...(cause instanceof Error && { cause: loggable(cause) }) };
}
