import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { CONNECT_TIMEOUT_MS } from "./db.js";
import { LOG_CHANNEL } from "./revocation-log.js";

/** Milliseconds between two attempts to connect. Until one succeeds, polling finds what other replicas appended. */
const RETRY_AFTER = 5000;

/** Calls `changed` when any replica appended to the log. Returns how to stop. */
export function listen(url: string, changed: () => void): () => Promise<void> {
  const stopped = new AbortController();
  let client: pg.Client | undefined;
  const follow = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS, keepAlive: true });
      const ended = new Promise<void>((resolve) => { client?.on("error", () => { resolve(); }).on("end", resolve); });
      client.on("notification", changed);
      await client.connect().then(() => client?.query(`LISTEN ${LOG_CHANNEL}`)).then(() => ended).catch(() => undefined);
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
