import { InvalidArgumentError } from "commander";
import { AuthflowError } from "../shared/errors.js";
import { checkIJson } from "../shared/i-json.js";

/** A parser of whole seconds from `least` to `most`; `range` says the same in words. */
export const wholeSeconds = (least: number, most: number, range: string) => (text: string): number => {
  const seconds = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (seconds >= least && seconds <= most) return seconds;
  throw new InvalidArgumentError(`must be whole seconds ${range}`);
};

/** A parser of JSON objects; the error message contains `example`. */
export const jsonObject = (example: string) => (text: string): Record<string, unknown> => {
  try {
    const value: unknown = JSON.parse(text);
    checkIJson(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (error) {
    if (error instanceof AuthflowError) throw new InvalidArgumentError(error.message);
  }
  throw new InvalidArgumentError(`must be a JSON object such as '${example}'`);
};

/** A parser of several of `choices`, separated by spaces or commas: `a b`, `a,b` and `a, b` are the same. */
export const listOf = <T extends string>(choices: readonly T[]) => (text: string, previous: T[] = []): T[] => {
  const named = text.split(",").filter((one) => one !== "");
  const wrong = named.find((one) => !choices.some((choice) => choice === one));
  if (named.length > 0 && wrong === undefined) return [...previous, ...named as T[]];
  throw new InvalidArgumentError(`"${wrong ?? text}" is not one of ${choices.join(", ")}.`);
};

export function someText(text: string): string {
  if (text === "") throw new InvalidArgumentError("must not be empty");
  return text;
}

export function clientId(text: string): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) return text.toLowerCase();
  throw new InvalidArgumentError("must be a client_id, which is a UUID: see authflow clients list");
}
