import { ConfigError } from "../config/config.js";
import { AuthflowError } from "../shared/errors.js";
import { reason } from "../shared/loggable-error.js";

const isPlain = (error: unknown): error is Error => error instanceof ConfigError || error instanceof AuthflowError;

/** An error's message for the terminal: every fault, no stack trace. */
export const explain = (error: unknown): string => (isPlain(error) ? error.message : reason(error));

/** Ends a process that could not start the service. */
export function reportAndExit(error: unknown): never {
  process.stderr.write(`${isPlain(error) ? "" : "Authflow could not start: "}${explain(error)}\n`);
  process.exit(1);
}
