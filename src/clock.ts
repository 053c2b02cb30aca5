/** Milliseconds since the epoch. Injected everywhere, so that tests move time and replicas can disagree about it. */
export type Clock = () => number;

export const systemClock: Clock = () => Date.now();
