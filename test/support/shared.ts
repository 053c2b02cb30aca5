import root from "tap";

/** The kinds of what the files of this process share until its end and keeps it alive: nobody's leftovers. */
export const sharedResources: string[] = [];

/** Starts something for all files of this process, once `start` is called; `end` runs when the last one has ended. */
export async function shareInProcess<T>(start: () => Promise<T>, end: (it: T) => Promise<unknown>): Promise<T> {
  const before = process.getActiveResourcesInfo();
  const it = await start();
  sharedResources.push(...added(before, process.getActiveResourcesInfo()));
  root.teardown(() => end(it));
  return it;
}

/** What stands in `after` more often than in `before`. */
export function added(before: readonly string[], after: readonly string[]): string[] {
  const rest = [...before];
  return after.filter((kind) => {
    const index = rest.indexOf(kind);
    if (index >= 0) rest.splice(index, 1);
    return index < 0;
  });
}
