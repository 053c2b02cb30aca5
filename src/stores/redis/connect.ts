import { Redis, type RedisOptions } from "ioredis";
import { SentinelConnector, StandaloneConnector } from "ioredis/built/connectors/index.js";
import { redisFaults } from "../../shared/redis-server.js";
import { isOfSelect, RedisRefused } from "./connection-errors.js";
import { redisFacts } from "./facts.js";
import { type RedisSettings, redisOptions } from "./options.js";
import "./socket-errors.js";

/** Milliseconds. */
export const CONNECT_TIMEOUT = 2000;
const COMMAND_TIMEOUT = 1000;
/** Milliseconds without an answer after which it connects anew: the address may lead to another server by now. */
const SILENCE = 5000;
/** Milliseconds before another attempt after Authflow refused the server: a failover may be under way. */
const RETRY_REFUSED = 2000;

/** Connects in the background, and again whenever the connection breaks. */
export const connectRedis = (settings: RedisSettings): Redis => connection({
  ...redisOptions(settings, CONNECT_TIMEOUT),
  commandTimeout: COMMAND_TIMEOUT, // a Redis that hangs is treated as down
  socketTimeout: SILENCE,
  enableOfflineQueue: false,
  sentinelRetryStrategy: () => 500,
  reconnectOnError: ({ message }) => message.startsWith("READONLY"), // the primary has become a replica
});

/**
 * A connection that becomes ready only at a Redis that Authflow can use, and in the database that REDIS_URL names.
 * ioredis by itself would go on in database 0 if SELECT fails. Its duplicates do the same.
 */
function connection(options: RedisOptions): Redis {
  let refused = false;
  const Base = (options.sentinels ? SentinelConnector : StandaloneConnector) as typeof StandaloneConnector;
  class Connector extends Base {
    /** ioredis calls it with the fields of INFO (none if the user may not send it) before the connection is ready. */
    override check(info: Record<string, string>): boolean {
      const goesOn = super.check(info); // at a replica, a SentinelConnector proceeds to the next Sentinel
      const fault = refusal(info);
      if (fault !== undefined) redis.emit("error", new RedisRefused(fault));
      return goesOn && fault === undefined;
    }
  }
  const redis = new Redis({
    ...options,
    Connector: Connector as NonNullable<RedisOptions["Connector"]>,
    retryStrategy: (attempt) => {
      const pause = refused ? RETRY_REFUSED : Math.min(attempt * 50, 500);
      refused = false;
      return pause;
    },
  });
  redis.on("error", (error: Error) => {
    refused ||= error instanceof RedisRefused || isOfSelect(error);
    // Of the handshake: SELECT failed, or did not answer in time. ioredis would go on, in database 0.
    if (redis.status === "connect") redis.disconnect(true);
  });
  redis.duplicate = (changes?: Partial<RedisOptions>) => connection({ ...redis.options, ...changes });
  return redis;
}

function refusal(info: Record<string, string>): string | undefined {
  const denied = Object.keys(info).length === 0 ? ["INFO"] : [];
  const unseen = { databaseError: undefined, missing: [], refusal: undefined };
  const faults = redisFaults({ ...redisFacts(info), ...unseen, denied });
  return faults.find(({ effect }) => effect === "unusable" || effect === "denied")?.text;
}
