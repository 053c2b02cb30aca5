import { setTimeout as sleep } from "node:timers/promises";
import { PostgresClient } from "./postgres-client.js";
import { clientConfig, UNLIMITED } from "./postgres-target.js";
import { LOG_CHANNEL } from "./revocation-log.js";

/** Milliseconds between two attempts to connect. Until one succeeds, polling finds what other replicas appended. */
const RETRY_AFTER = 5000;

/**
 * Calls `changed` when any replica appended to the log. Returns how to stop. Behind a pooler such as PgBouncer, in
 * transaction mode, nothing can listen: polling is then the only way.
 */
export function listen(url: string, changed: () => void): () => Promise<void> {
  const stopped = new AbortController();
  let client: PostgresClient | undefined;
  const follow = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      client = new PostgresClient({ ...clientConfig(url), limits: UNLIMITED });
      await hear(client, changed).catch(() => undefined);
      await client.end().catch(() => undefined);
      await sleep(RETRY_AFTER, undefined, { signal: stopped.signal, ref: false }).catch(() => undefined);
    }
  };
  const following = follow();
  return async () => {
    stopped.abort();
    await client?.end().catch(() => undefined);
    await following;
  };
}

/** Resolves when the connection ends, at once behind a pooler. */
async function hear(client: PostgresClient, changed: () => void): Promise<void> {
  const ended = new Promise<void>((resolve) => { client.on("error", () => { resolve(); }).on("end", resolve); });
  client.on("notification", changed);
  // The promise of `connect` never settles if the client is ended before it is connected.
  await Promise.race([client.connect(), ended]);
  if (client.pooled) return;
  await client.query(`LISTEN ${LOG_CHANNEL}`);
  await ended;
}
