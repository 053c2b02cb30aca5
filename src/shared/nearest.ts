/**
 * The candidate that a misspelt name probably means: the one with the fewest changes, if they are at most one for every
 * three letters. Capitals make no difference. `prefix`: what the name begins with, which does not count.
 */
export function nearestOf(name: string, candidates: readonly string[], prefix = ""): string | undefined {
  const rest = name.slice(prefix.length).toLowerCase();
  const [nearest] = candidates
    .map((candidate) => ({ candidate, short: candidate.replace(prefix, "").toLowerCase() }))
    .filter(({ short }) => Math.abs(short.length - rest.length) <= rest.length / 3) // a long name costs nothing
    .map(({ candidate, short }) => ({ candidate, changes: changesBetween(rest, short) }))
    .filter(({ changes }) => changes <= rest.length / 3)
    .sort((a, b) => a.changes - b.changes);
  return nearest?.candidate;
}

/** How many letters have to be inserted, deleted, replaced or swapped with the next one. */
function changesBetween(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const replaced = (row[j] as number) + (a[i] === b[j] ? 0 : 1);
      const swapped = a[i] === b[j - 1] && a[i - 1] === b[j] ? before[j - 1] ?? Infinity : Infinity;
      next.push(Math.min(replaced, (row[j + 1] as number) + 1, (next[j] as number) + 1, swapped + 1));
    }
    [before, row] = [row, next];
  }
  return row[b.length] as number;
}
