import { CUTOFF_TOLERANCE } from "./clock.js";

/** Waits that no setting changes, in milliseconds. A test passes shorter ones to `buildApp`. */
export interface Timing {
  /** Until the headers of an identity provider's answer must be there, and from then on until its end. */
  upstreamTimeout: number;
  /** Between recording a cut-off and answering: from then on no replica's clock can give a new token a time it covers. */
  cutoffWait: number;
  /** Between two lookups of what other replicas changed, and two attempts of work that failed. */
  syncInterval: number;
}

export const TIMING: Timing = {
  upstreamTimeout: 5000, // 10 s for a whole answer
  cutoffWait: 2 * CUTOFF_TOLERANCE + 2,
  syncInterval: 400, // two lookups fit into the second within which a replica acts on what another changed
};
