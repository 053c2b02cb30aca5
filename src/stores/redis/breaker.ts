import type { Redis } from "ioredis";
import { CircuitBreaker } from "../../shared/circuit-breaker.js";

/** Opens when a command has no answer in time. Where the connection is lost, commands fail at once by themselves. */
export const breakerOf = (redis: Redis): CircuitBreaker => new CircuitBreaker({
  isSilent: (error) => redis.status === "ready" && /timed out/i.test((error as Error).message),
  probe: () => redis.ping(),
});
