const NUL = "\0";

/** PostgreSQL stores no NUL characters, SQLite would: both refuse them alike. Returns `value`. */
export function storable<T>(value: T): T {
  JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part !== "string" || !part.includes(NUL)) return part;
    throw new TypeError("A text to be stored holds a NUL character");
  });
  return value;
}

/** A key to look up: with a NUL character it is nowhere; the outcome is nowhere too, and valid. */
export const lookup = (key: string): string => key.replaceAll(NUL, "\uFFFD");
