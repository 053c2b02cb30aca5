import { Redis } from "ioredis";
import type { RedisInspection } from "../../cli/drivers.js";
import { handshakeError } from "./connection-errors.js";
import { infoFields, redisFacts } from "./facts.js";
import { type RedisSettings, redisOptions } from "./options.js";
import { obstaclesOf } from "./permissions.js";
import "./socket-errors.js";

/**
 * Over a separate connection; changes nothing. `timeout` is milliseconds. Rejects if Redis does not answer, or once
 * `signal` is aborted.
 */
export async function inspectRedis(
  settings: RedisSettings, timeout: number, signal?: AbortSignal,
): Promise<RedisInspection> {
  const { db = 0, ...options } = redisOptions(settings, timeout);
  const redis = new Redis({
    ...options, lazyConnect: true, commandTimeout: timeout, enableReadyCheck: false,
    retryStrategy: () => null, sentinelRetryStrategy: () => null,
  });
  let fault: Error | undefined;
  redis.on("error", (error: Error) => { fault = error; }); // more precise than the rejection, "Connection is closed"
  const abort = (): void => { redis.disconnect(); };
  signal?.addEventListener("abort", abort);
  try {
    signal?.throwIfAborted();
    await redis.connect();
    const databaseError = db === 0 ? undefined : await redis.select(db).then(() => undefined, replyError);
    const info = await redis.info().catch(unlessRefused);
    const time = await redis.time().catch(unlessRefused);
    const readAt = performance.now();
    const obstacles = await obstaclesOf(redis);
    return {
      ...redisFacts(infoFields(info ?? "")), databaseError, ...obstacles,
      // The caller compares it with its own clock at once.
      time: time && Number(time[0]) * 1000 + Math.floor(Number(time[1]) / 1000 + performance.now() - readAt),
    };
  } catch (error) {
    throw handshakeError(fault ?? error as Error);
  } finally {
    signal?.removeEventListener("abort", abort);
    redis.disconnect();
  }
}

/** What Redis answered. Throws any other error again: the connection broke, or nothing answered. */
function replyError(error: Error): string {
  if (error.name !== "ReplyError") throw error;
  return error.message;
}

/** The command is denied, or this server does not have it. */
function unlessRefused(error: Error): undefined {
  if (!/^NOPERM|unknown command/i.test(replyError(error))) throw error;
}
