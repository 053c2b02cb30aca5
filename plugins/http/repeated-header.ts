/**
 * Whether a header (`name` in lower case) came more than once. Node keeps one value of some headers and joins those of
 * others; `rawHeaders` has names and values in turn.
 */
export function isRepeated(name: string, rawHeaders: readonly string[]): boolean {
  const isName = (text: string, i: number): boolean =>
    i % 2 === 0 && text.length === name.length && text.toLowerCase() === name;
  return rawHeaders.filter(isName).length > 1;
}
