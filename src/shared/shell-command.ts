const PLAIN = /^[\w:.,/@%+=-]+$/;

/** A command line that an operator can paste into a shell. Words may come from strangers: each stays one word. */
export const shellCommand = (...words: string[]): string =>
  words.map((word) => (PLAIN.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(" ");
