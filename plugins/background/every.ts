import { setTimeout as sleep } from "node:timers/promises";
import type { FastifyBaseLogger } from "fastify";

interface Options { log: FastifyBaseLogger; stopped: AbortSignal; pauseAfterFailure: number }
export type Every = (milliseconds: number, what: string, work: () => Promise<unknown>) => Promise<void>;

/**
 * What repeats work until it is stopped, with a pause in between: `milliseconds`, or the longer one after a failure.
 * The log says when the work begins to fail and when it succeeds again.
 */
export const everyUntil = ({ log, stopped, pauseAfterFailure }: Options): Every => async (milliseconds, what, work) => {
  let failing = false;
  while (!stopped.aborted) {
    try {
      await work();
      if (failing) log.info(`${what}: succeeded again`);
      failing = false;
    } catch (err) {
      if (!failing) log.error({ err }, `${what}: failed, will be tried again`);
      failing = true;
    }
    const pause = failing ? Math.max(milliseconds, pauseAfterFailure) : milliseconds;
    await sleep(pause, undefined, { signal: stopped, ref: false }).catch(() => undefined);
  }
};
