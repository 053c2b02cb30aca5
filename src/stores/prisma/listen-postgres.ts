import { once } from "node:events";
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
  const isStopped = once(stopped.signal, "abort");
  const follow = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      const client = new PostgresClient({ ...clientConfig(url), limits: UNLIMITED });
      await Promise.race([hear(client, changed).catch(() => undefined), isStopped]);
      client.destroy();
      await sleep(RETRY_AFTER, undefined, { signal: stopped.signal, ref: false }).catch(() => undefined);
    }
  };
  const following = follow();
  return async () => {
    stopped.abort();
    await following;
  };
}

/** Resolves when the connection ends, at once behind a pooler. */
async function hear(client: PostgresClient, changed: () => void): Promise<void> {
  const ended = new Promise<void>((resolve) => { client.on("error", () => { resolve(); }).on("end", resolve); });
  client.on("notification", changed);
  await client.connect();
  if (client.pooled) return;
  await client.query(`LISTEN ${LOG_CHANNEL}`);
  await ended;
}
