const NUL = "\0";

/**
 * Throws if a text in `value` holds a NUL character, which PostgreSQL can't store and SQLite could. Returns `value`.
 */
export function storable<T>(value: T): T {
  // Most values have no escape that may stand for one: they need no look at each text.
  if (JSON.stringify(value)?.includes("\\u0000") !== true) return value;
  JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part !== "string" || !part.includes(NUL)) return part;
    throw new TypeError("A text to store holds a NUL character");
  });
  return value;
}

/** For a key to look up. No row has a key with NUL, which PostgreSQL refuses, nor one with its replacement U+FFFD. */
export const replaceNul = (key: string): string => key.replaceAll(NUL, "\uFFFD");
