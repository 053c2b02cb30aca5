/** Authflow's own Redis keys. Other services read only `revoked:…` and `issued_before:…`. */
export interface RevocationKeys {
  /** Identifies the Redis that was filled from the journals; see RedisRevocationCache. */
  complete: string;
  /** The stream with the feed's events. */
  stream: string;
  /** Identifies the stream. A stream with another epoch does not continue the events sent before. */
  epoch: string;
}

export const revocationKeys = (installation: string): RevocationKeys => ({
  complete: `authflow:${installation}:cutoffs:complete`,
  stream: `authflow:${installation}:feed`,
  epoch: `authflow:${installation}:feed:epoch`,
});
