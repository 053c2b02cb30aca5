import type { UnusedPermission } from "../clients/permission-uses.js";
import type { StoredKey } from "../keys/store.js";
import type { RedisTls } from "../config/redis-tls.js";
import type { ConnectUpstream } from "../providers/upstream.js";
import type { DatabaseCondition } from "../shared/database-fault.js";
import type { RedisFacts } from "../shared/redis-server.js";

/** What doctor reads from a database. */
export interface DatabaseFacts {
  /** Names of the migrations that it lacks. */
  pendingMigrations: string[];
  /** Not known (`up`) if migrations are missing. */
  condition: DatabaseCondition;
  /** The signing keys; empty if migrations are missing. */
  keys: StoredKey[];
  /** The server's clock, epoch milliseconds; null if it is this machine's (SQLite), or if migrations are missing. */
  time: number | null;
  /** The installation's id; undefined in a new database. */
  installation: string | undefined;
  /** Which Redis the running processes write revocations to, each once; null: none. */
  outlets: (string | null)[];
  /** Permissions of consequence that clients have and do not use; empty if migrations are missing. */
  unusedPermissions: UnusedPermission[];
}

/** What doctor reads from Redis. `time`: its clock, epoch milliseconds; undefined if it may not be read. */
export type RedisInspection = RedisFacts & { time: number | undefined };

/** Direct access of commands to databases, Redis and identity providers, without the service. */
export interface Drivers {
  /** Applies the migrations that the database lacks; resolves to their names. */
  migrate(databaseUrl: string): Promise<string[]>;
  /** Changes nothing. `now`: epoch ms. Rejects if the database can't be used. */
  inspectDatabase(databaseUrl: string, now: number): Promise<DatabaseFacts>;
  /** Changes nothing. Rejects if Redis does not answer within `timeout` milliseconds. */
  inspectRedis(redis: { url: string; tls: RedisTls }, timeout: number): Promise<RedisInspection>;
  connectUpstreams(): Promise<ConnectUpstream>;
}
