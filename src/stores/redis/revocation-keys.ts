/** What stands in Redis beside `revoked:…` and `issued_before:…`, which other services read. */
export interface RevocationKeys {
  /** Names the Redis that was filled from the journals; see RedisRevocationCache. */
  complete: string;
  /** The feed's news, in the stream's order. */
  stream: string;
  /** Names the stream: another one is not the continuation of what someone was told before. */
  epoch: string;
}

export const revocationKeys = (installation: string): RevocationKeys => ({
  complete: `authflow:${installation}:cutoffs:complete`,
  stream: `authflow:${installation}:feed`,
  epoch: `authflow:${installation}:feed:epoch`,
});
