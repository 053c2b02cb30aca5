/** Milliseconds since the epoch. Injected everywhere, so that tests can set the time, and set it per replica. */
export type Clock = () => number;

/** Milliseconds by which the clocks of replicas may differ (NTP keeps them far closer). */
export const CLOCK_TOLERANCE = 60_000;

/**
 * Milliseconds by which the clock that replicas share and this machine's may differ. Beyond it one of them is wrong:
 * the replica issues no token, and accepts none that was issued that much later than now.
 */
export const MAX_CLOCK_SKEW = 300_000;

/** Milliseconds by which a replica's clock may be wrong for a while without making a revoked token valid again. */
export const MAX_CLOCK_ERROR = 600_000;

/**
 * Milliseconds by which the clocks of replicas may differ so that a cut-off of a subject or a client ends every token
 * that any of them issued before the request, and none that any of them issues after the answer.
 */
export const CUTOFF_TOLERANCE = 250;

export const systemClock: Clock = () => Date.now();

/**
 * Milliseconds within which a replica acts on what another replica changed in the database. Data that it read longer
 * ago is stale: the replica reads it again before it uses it.
 */
export const STALENESS_LIMIT = 1000;
