/** What a Redis says about itself. Undefined: it does not say; managed servers hide some of it. */
export interface RedisFacts {
  /** `master`, or `slave` for a read-only replica. */
  role: string | undefined;
  /** Such as 7.0.15. */
  version: string | undefined;
  cluster: boolean;
  maxmemoryPolicy: string | undefined;
  /** `yes` or `no`. */
  appendonly: string | undefined;
  /** Why the database of REDIS_URL can't be selected, in Redis's words; undefined if it can. */
  databaseError: string | undefined;
  /** Commands (in capitals), keys and channels that Authflow needs and its user may not use. */
  denied: readonly string[];
}

/**
 * `unusable`: Authflow does not use this Redis, as if it were down. `denied`: what needs the permission fails.
 * `evicting`: a service that reads Redis directly may miss a logout. `unpersisted`: it may miss one after a restart,
 * until Authflow has filled Redis again.
 */
export interface RedisFault { effect: "unusable" | "denied" | "evicting" | "unpersisted"; text: string }

/** What is wrong with a Redis, the worst first. Each text has the remedy. */
export function redisFaults(facts: RedisFacts): RedisFault[] {
  const { role, version, cluster, maxmemoryPolicy, appendonly, databaseError, denied } = facts;
  const faults: RedisFault[] = [];
  const fault = (broken: boolean, effect: RedisFault["effect"], text: string): void => {
    if (broken) faults.push({ effect, text });
  };
  fault(cluster, "unusable", REDIS_CLUSTER);
  fault(role === "slave", "unusable", "REDIS_URL leads to a read-only replica: set it to the primary");
  fault(role !== "master" && role !== "slave" && !denied.includes("INFO"), "unusable",
    `INFO of this Redis does not say that it is a primary (role: ${role ?? "missing"}): use a server that does`);
  fault(version !== undefined && isOld(version), "unusable",
    `Redis ${version} is too old, 6.2 is the oldest version that works: upgrade it`);
  if (databaseError !== undefined) fault(true, "unusable", databaseFault(databaseError));
  fault(denied.length > 0, "denied",
    `the user in REDIS_URL lacks permissions (${denied.join(", ")}): grant them by ACL SETUSER`);
  fault(maxmemoryPolicy !== undefined && maxmemoryPolicy !== "noeviction", "evicting",
    `Redis may evict revocations (maxmemory-policy ${maxmemoryPolicy}): CONFIG SET maxmemory-policy noeviction`);
  fault(appendonly === "no", "unpersisted", "Redis does not persist (appendonly no): after its restart " +
    "Authflow refills it from the database, and services that read it directly have to wait. " +
    "CONFIG SET appendonly yes");
  return faults;
}

/** `reason`: what Redis answered to SELECT. */
export const databaseFault = (reason: string): string =>
  `the database in REDIS_URL can't be selected (${reason}): ` +
    "name one that this Redis has, or raise its setting databases";

export const REDIS_CLUSTER = "REDIS_URL leads to a Redis Cluster, which is not supported: set it to a single primary";

function isOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major < 6 || (major === 6 && minor < 2);
}
