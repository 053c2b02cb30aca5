/**
 * Control characters, lone surrogates, line and paragraph separators, bidirectional controls, the byte order mark, and
 * U+FFFD. Decoders replace invalid UTF-8 by U+FFFD, so that two different inputs would become the same text.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069\uFEFF\uFFFD]/u;

export const isPrintable = (text: string): boolean => !UNPRINTABLE.test(text);

/** The length as JSON Schema's minLength and maxLength define it: code points, not UTF-16 units. */
export const characters = (text: string): number => [...text].length;
