import type { RedisFacts } from "../../shared/redis-server.js";

type Shown = Omit<RedisFacts, "databaseError" | "denied" | "missing" | "refusal">;

/** What `info`, the fields of Redis's INFO, shows. Unlike CONFIG, managed servers allow INFO. */
export function redisFacts(info: Partial<Record<string, string>>): Shown {
  const { role, redis_version: version, cluster_enabled: cluster, maxmemory_policy, aof_enabled } = info;
  return {
    role, version, cluster: cluster === "1", maxmemoryPolicy: maxmemory_policy,
    appendonly: aof_enabled === undefined ? undefined : aof_enabled === "1" ? "yes" : "no",
  };
}

export const infoFields = (info: string): Record<string, string> =>
  Object.fromEntries([...info.matchAll(/^(\w+):(.*?)\r?$/gm)].map(([, name = "", value = ""]) => [name, value]));
