import { ConfigError } from "../config/config.js";
import { AuthflowError } from "../shared/errors.js";
import { reason } from "../shared/loggable-error.js";

const isPlain = (error: unknown): error is Error => error instanceof ConfigError || error instanceof AuthflowError;

/** An error's message for the terminal: every fault, no stack trace. Of what is unavailable also why. */
export function explain(error: unknown): string {
  if (!isPlain(error)) return reason(error);
  const isUnavailable = error instanceof AuthflowError && error.code === "temporarily_unavailable";
  return isUnavailable && error.cause instanceof Error ? `${error.message} (${origin(error.cause)})` : error.message;
}

/** What the first of the errors says that led to `error`, in one line. */
const origin = (error: Error): string =>
  (error.cause instanceof Error ? origin(error.cause) : reason(error).trim().replaceAll(/\s+/g, " "));

/** Ends a process that could not start the service. */
export function reportAndExit(error: unknown): never {
  process.stderr.write(`${isPlain(error) ? "" : "Authflow could not start: "}${explain(error)}\n`);
  process.exit(1);
}
