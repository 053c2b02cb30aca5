import type { StoredKey } from "../keys/store.js";
import type { ConnectUpstream } from "../providers/upstream.js";

/** What is known of a database without changing it. */
export interface DatabaseFacts {
  /** Names of the migrations that it lacks. */
  pendingMigrations: string[];
  /** The signing keys; none where migrations are missing. */
  keys: StoredKey[];
}

/** What is known of a Redis. Undefined: the server does not say, or forbids the question, as managed ones do CONFIG. */
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

/** What commands ask of databases, Redis and identity providers directly, without the service. */
export interface Drivers {
  /** Applies the migrations that the database lacks; resolves to their names. */
  migrate(databaseUrl: string): Promise<string[]>;
  /** Rejects where the database can't be used. */
  inspectDatabase(databaseUrl: string): Promise<DatabaseFacts>;
  /** Rejects where Redis does not answer within `timeout` milliseconds. */
  inspectRedis(redisUrl: string, timeout: number): Promise<RedisFacts>;
  connectUpstreams(): Promise<ConnectUpstream>;
}
