import root from "tap";

let count = 0;

/** How many things the files of this process share until its end, by now. */
export const sharedByNow = (): number => count;

/** Starts something for all files of this process, once `start` is called; `end` runs when the last one has ended. */
export async function shareInProcess<T>(start: () => Promise<T>, end: (it: T) => Promise<unknown>): Promise<T> {
  count++;
  const it = await start();
  root.teardown(() => end(it));
  return it;
}
