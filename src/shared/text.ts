/**
 * Controls, lone surrogates, line and paragraph separators, the marks that make text read other than it is, and the
 * character that stands for bytes that were no UTF-8: two different texts would become one.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069\uFEFF\uFFFD]/u;

export const isPrintable = (text: string): boolean => !UNPRINTABLE.test(text);

/** The length that JSON Schema's minLength and maxLength speak of: code points, not UTF-16 units. */
export const characters = (text: string): number => [...text].length;
