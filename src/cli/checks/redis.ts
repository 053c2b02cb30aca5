import { reason } from "../../shared/loggable-error.js";
import { redisFaults } from "../../shared/redis-server.js";
import type { RedisInspection } from "../drivers.js";
import { type Check, type Finding, TIMEOUT } from "./check.js";
import { compareClocks } from "./clocks.js";

export const checkRedis: Check = async ({ redisUrl: url, redisTls: tls }, { drivers, clock }) => {
  if (url === undefined) {
    return [["note", "REDIS_URL is unset: no service reads revocations there, and with the database away live " +
      "checks answer 503"]];
  }
  let redis: RedisInspection;
  try {
    redis = await drivers.inspectRedis({ url, tls }, TIMEOUT);
  } catch (error) {
    return [["fail", `Redis does not answer (${reason(error)}): check REDIS_URL and that the server runs`]];
  }
  const { maxmemoryPolicy = "not shown by this server", appendonly = "not shown by this server", time } = redis;
  const faults = redisFaults(redis);
  const has = (sought: string): boolean => faults.some(({ effect }) => effect === sought);
  return [
    ["ok", "Redis answers"],
    ...faults.map(({ effect, text }): Finding => [effect === "unpersisted" ? "note" : "fail", text]),
    ...(has("evicting") ? [] : [["ok", `Redis evicts nothing (maxmemory-policy ${maxmemoryPolicy})`] as const]),
    ...(has("unpersisted") ? [] : [["ok", `Redis persists (appendonly ${appendonly})`] as const]),
    ...(time === undefined ? [] : [compareClocks("Redis's", time, clock())]),
  ];
};
