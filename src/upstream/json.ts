/** A text, or a number, in JSON. Matches in linear time where the JSON is valid. */
const TEXT_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g;
const INTEGER = /^-?\d+$/;

/**
 * Parses JSON of an upstream; undefined if it is not valid. Members that are null are left out, because providers write
 * null for what they do not say. An integer that a JavaScript number can't hold exactly becomes a text: it may be a
 * user's id.
 */
export function parseJson(json: string): unknown {
  try {
    const text = json.replace(/^\uFEFF/, "");
    JSON.parse(text); // before the pattern runs
    return JSON.parse(text.replace(TEXT_OR_NUMBER, exact), withoutNull);
  } catch {
    return undefined;
  }
}

const exact = (token: string): string =>
  INTEGER.test(token) && !Number.isSafeInteger(Number(token)) ? `"${token}"` : token;

function withoutNull(name: string, value: unknown): unknown {
  if (value === null || name === "__proto__") return undefined;
  // Of a list, JSON.parse only empties the places.
  return Array.isArray(value) ? value.filter((item) => item !== undefined) : value;
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
