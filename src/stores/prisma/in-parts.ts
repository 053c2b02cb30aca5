/** Fewer than any driver's limit of parameters. */
const KEYS_PER_READ = 500;

/** What a read finds for many keys, in reads that no driver refuses. */
export async function inParts<T>(keys: readonly string[], read: (some: string[]) => Promise<T[]>): Promise<T[]> {
  const found: T[] = [];
  for (let i = 0; i < keys.length; i += KEYS_PER_READ) found.push(...await read(keys.slice(i, i + KEYS_PER_READ)));
  return found;
}
