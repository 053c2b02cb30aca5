import { ConfigError } from "../config/load.js";
import { AuthflowError } from "../shared/errors.js";
import { reason } from "../shared/loggable-error.js";

/** What a person should read when something can't go on: every fault, no stack. */
export function reportAndExit(error: unknown): never {
  const plain = error instanceof ConfigError || error instanceof AuthflowError;
  process.stderr.write(`${plain ? error.message : `Authflow could not start: ${reason(error)}`}\n`);
  process.exit(1);
}
