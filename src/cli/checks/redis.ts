import { Redis } from "ioredis";
import { reason } from "../shared/loggable-error.js";
import { type Check, compareClocks, type Finding, PATIENCE } from "./checks.js";

export const checkRedis: Check = async ({ redisUrl }) => {
  if (redisUrl === undefined) {
    return [["note", "REDIS_URL is unset: the database serves revocation alone, which is meant for one replica"]];
  }
  const redis = new Redis(redisUrl, {
    lazyConnect: true, connectTimeout: PATIENCE, commandTimeout: PATIENCE, maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  let fault: unknown;
  redis.on("error", (error) => { fault = error; }); // tells more than the rejection, "Connection is closed"
  try {
    await redis.connect();
    const [seconds] = await redis.time();
    return [
      ["ok", "Redis answers"],
      ...topology(await redis.info()),
      eviction(await setting(redis, "maxmemory-policy")),
      persistence(await setting(redis, "appendonly")),
      compareClocks("Redis's", Number(seconds) * 1000),
    ];
  } catch (error) {
    return [["fail", `Redis does not answer (${reason(fault ?? error)}): check REDIS_URL and that the server runs`]];
  } finally {
    redis.disconnect();
  }
};

/** Managed servers may forbid CONFIG: undefined. */
const setting = async (redis: Redis, name: string): Promise<string | undefined> =>
  (await redis.config("GET", name).catch(() => []) as string[])[1];

function topology(info: string): Finding[] {
  const findings: Finding[] = [];
  if (!/^role:master/m.test(info)) findings.push(["fail", "REDIS_URL leads to a read-only replica: name the primary"]);
  if (isOld(info)) findings.push(["fail", "Redis is older than 6.2, which revocations that end at an instant need: upgrade it"]);
  if (/^cluster_enabled:1/m.test(info)) findings.push(["fail", "Redis Cluster is not supported: name a single primary"]);
  return findings;
}

function isOld(info: string): boolean {
  const [, major = "", minor = ""] = /^redis_version:(\d+)\.(\d+)/m.exec(info) ?? [];
  return major !== "" && (Number(major) < 6 || Number(major) === 6 && Number(minor) < 2);
}

function eviction(policy: string | undefined): Finding {
  if (policy === undefined || policy === "noeviction") {
    return ["ok", `Redis evicts nothing (maxmemory-policy ${policy ?? "not shown by this server"})`];
  }
  return ["fail", `Redis may evict revocations (maxmemory-policy ${policy}): CONFIG SET maxmemory-policy noeviction`];
}

function persistence(appendonly: string | undefined): Finding {
  if (appendonly === "yes") return ["ok", "Redis persists (appendonly yes)"];
  return ["note", "Redis does not persist (appendonly): after its restart Authflow refills it from the database; " +
    "services that read it directly wait for that. CONFIG SET appendonly yes"];
}
