import type { StoredKey } from "../keys/store.js";
import type { ConnectUpstream } from "../providers/upstream.js";

/** What doctor reads from a database. */
export interface DatabaseFacts {
  /** Names of the migrations that it lacks. */
  pendingMigrations: string[];
  /** False: a standby, a read-only database or file, a full disk. Not known if migrations are missing. */
  writable: boolean;
  /** The signing keys; empty if migrations are missing. */
  keys: StoredKey[];
}

/** What doctor reads from Redis. Undefined: the server does not say; managed servers, for example, forbid CONFIG. */
export interface RedisFacts {
  /** `master`, or `slave` for a read-only replica. */
  role: string | undefined;
  /** Such as 7.0.15. */
  version: string | undefined;
  cluster: boolean;
  maxmemoryPolicy: string | undefined;
  /** `yes` or `no`. */
  appendonly: string | undefined;
  /** Its clock, epoch milliseconds. */
  time: number;
}

/** Direct access of commands to databases, Redis and identity providers, without the service. */
export interface Drivers {
  /** Applies the migrations that the database lacks; resolves to their names. */
  migrate(databaseUrl: string): Promise<string[]>;
  /** Changes nothing. Rejects if the database can't be used. */
  inspectDatabase(databaseUrl: string): Promise<DatabaseFacts>;
  /** Rejects if Redis does not answer within `timeout` milliseconds. */
  inspectRedis(redisUrl: string, timeout: number): Promise<RedisFacts>;
  connectUpstreams(): Promise<ConnectUpstream>;
}
