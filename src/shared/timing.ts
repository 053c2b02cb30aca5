import { CUTOFF_TOLERANCE } from "./clock.js";

/** Waits that no setting changes, in milliseconds. A test passes shorter ones to `buildApp`. */
export interface Timing {
  /** Limit for a whole exchange with an identity provider: from the DNS lookup to the end of the response. */
  upstreamTimeout: number;
  /**
   * Between recording a cut-off and answering. After it, no replica's clock can give a new token a time of issue that
   * the cut-off covers.
   */
  cutoffWait: number;
  /** Between two reads of what other replicas changed, and between two attempts of work that failed. */
  syncInterval: number;
  /** Between two checks of how Redis is configured. */
  redisInspection: number;
  /** For a request to arrive completely. */
  requestTimeout: number;
  /** For the requests that are being answered when the service is told to end. */
  shutdownLimit: number;
  /** For which a check of readiness is answered again. */
  readinessAge: number;
}

export const TIMING: Timing = {
  upstreamTimeout: 10_000,
  cutoffWait: 2 * CUTOFF_TOLERANCE + 2,
  syncInterval: 400, // two reads fit into STALENESS_LIMIT
  redisInspection: 60_000,
  requestTimeout: 30_000,
  shutdownLimit: 8000, // less than src/server.ts waits for everything
  readinessAge: 1000,
};
