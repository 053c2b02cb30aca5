const NUL = "\0";

/**
 * Throws if a text in `value` holds a NUL character, which PostgreSQL can't store and SQLite could. Returns `value`.
 */
export function storable<T>(value: T): T {
  JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part !== "string" || !part.includes(NUL)) return part;
    throw new TypeError("A text to store holds a NUL character");
  });
  return value;
}

/** For a key to look up. No row has a key with NUL, which PostgreSQL refuses, nor one with its replacement U+FFFD. */
export const replaceNul = (key: string): string => key.replaceAll(NUL, "\uFFFD");
