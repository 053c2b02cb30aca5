/** Controls, lone surrogates, line and paragraph separators, and the marks that make text read other than it is. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069\uFEFF]/u;

export const isPrintable = (text: string): boolean => !UNPRINTABLE.test(text);
