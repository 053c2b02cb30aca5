import type { RedisOptions } from "ioredis";
import type { RedisTls } from "../../config/redis-tls.js";
import { parseRedisUrl } from "../../config/redis-url.js";

/** Where Redis is, and how to authenticate there. */
export interface RedisSettings { url: string; tls: RedisTls }

/** The driver's options that follow from the settings. `timeout`: milliseconds for a connection, and for a Sentinel. */
export function redisOptions({ url, tls }: RedisSettings, timeout: number): RedisOptions {
  const { addresses, sentinel, username, password, database, family, keyPrefix, tls: encrypted } = parseRedisUrl(url);
  const certificates = { ca: tls.ca, cert: tls.cert, key: tls.key };
  return {
    ...(sentinel === undefined ? addresses[0] : {
      sentinels: addresses, name: sentinel.master,
      sentinelUsername: sentinel.username, sentinelPassword: sentinel.password,
      sentinelCommandTimeout: timeout,
      ...(encrypted && { sentinelTLS: certificates, enableTLSForSentinelMode: true }),
    }),
    ...(encrypted && { tls: certificates }),
    username, password, family, keyPrefix, db: database, connectTimeout: timeout, maxRetriesPerRequest: 0,
  };
}
