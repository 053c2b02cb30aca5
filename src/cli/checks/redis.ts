import { reason } from "../../shared/loggable-error.js";
import type { RedisFacts } from "../drivers.js";
import { type Check, type Finding, TIMEOUT } from "./check.js";
import { compareClocks } from "./clocks.js";

export const checkRedis: Check = async ({ redisUrl }, { drivers, clock }) => {
  if (redisUrl === undefined) {
    return [["note", "REDIS_URL is unset: revocations are read from the database alone, which suits one replica"]];
  }
  let facts: RedisFacts;
  try {
    facts = await drivers.inspectRedis(redisUrl, TIMEOUT);
  } catch (error) {
    return [["fail", `Redis does not answer (${reason(error)}): check REDIS_URL and that the server runs`]];
  }
  const { maxmemoryPolicy, appendonly, time } = facts;
  return [
    ["ok", "Redis answers"], ...checkServer(facts), checkEviction(maxmemoryPolicy), checkPersistence(appendonly),
    compareClocks("Redis's", time, clock()),
  ];
};

export function checkServer({ role, version, cluster }: Pick<RedisFacts, "role" | "version" | "cluster">): Finding[] {
  const findings: Finding[] = [];
  if (role !== "master") findings.push(["fail", "REDIS_URL leads to a read-only replica: set it to the primary"]);
  if (version !== undefined && isOld(version)) {
    findings.push(["fail", `Redis ${version} is too old, 6.2 is the oldest version that works: upgrade it`]);
  }
  if (cluster) findings.push(["fail", "Redis Cluster is not supported: set REDIS_URL to a single primary"]);
  return findings;
}

function isOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major < 6 || (major === 6 && minor < 2);
}

function checkEviction(policy: string | undefined): Finding {
  if (policy === undefined || policy === "noeviction") {
    return ["ok", `Redis evicts nothing (maxmemory-policy ${policy ?? "not shown by this server"})`];
  }
  return ["fail", `Redis may evict revocations (maxmemory-policy ${policy}): CONFIG SET maxmemory-policy noeviction`];
}

function checkPersistence(appendonly: string | undefined): Finding {
  if (appendonly === "yes") return ["ok", "Redis persists (appendonly yes)"];
  const shown = appendonly ?? "not shown by this server";
  return ["note", `Redis does not persist (appendonly ${shown}): after its restart ` +
    "Authflow refills it from the database, and services that read it directly have to wait. " +
    "CONFIG SET appendonly yes"];
}
