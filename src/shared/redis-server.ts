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
  /** Commands that Authflow needs and this server does not have, perhaps by rename-command. */
  missing: readonly string[];
  /** Why it accepts no writes, in its own words; undefined if it does. */
  refusal: string | undefined;
}

/**
 * `unusable`: Authflow does not use this Redis, as if it were down. `denied`: what needs the permission or the command
 * fails. `refusing`: it stores no logout, for as long as the cause lasts. `evicting`: a service that reads Redis
 * directly may miss a logout. `unpersisted`: it may miss one after a restart, until Authflow has filled Redis again.
 */
export interface RedisFault { effect: "unusable" | "denied" | "refusing" | "evicting" | "unpersisted"; text: string }

/** What is wrong with a Redis, the worst first. Each text has the remedy. */
export function redisFaults(facts: RedisFacts): RedisFault[] {
  const { role, version, cluster, maxmemoryPolicy, appendonly, databaseError, denied, missing, refusal } = facts;
  const faults: RedisFault[] = [];
  const fault = (broken: boolean, effect: RedisFault["effect"], text: string): void => {
    if (broken) faults.push({ effect, text });
  };
  fault(cluster, "unusable", REDIS_CLUSTER);
  fault(role === "slave", "unusable", "REDIS_URL leads to a read-only replica: set it to the primary");
  fault(role !== "master" && role !== "slave" && ![...denied, ...missing].includes("INFO"), "unusable",
    `INFO of this Redis does not say that it is a primary (role: ${role ?? "missing"}): use a server that does`);
  fault(version !== undefined && isOld(version), "unusable",
    `Redis ${version} is too old, 6.2 is the oldest version that works: upgrade it`);
  if (databaseError !== undefined) fault(true, "unusable", databaseFault(databaseError));
  fault(denied.length > 0, "denied",
    `the user in REDIS_URL lacks permissions (${denied.join(", ")}): grant them by ACL SETUSER`);
  fault(missing.length > 0, "denied", `this Redis lacks commands (${missing.join(", ")}): ` +
    "remove their rename-command, or set REDIS_URL to a server that has them");
  fault(refusal !== undefined, "refusing", `Redis accepts no writes (${refusal}): logouts are recorded, and answered ` +
    "503. Give it memory, a disk that works, or the replicas that it waits for, as it says");
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
