import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Redis } from "ioredis";
import { freePort } from "./ports.js";
import { type PrivateRedis, privateRedis } from "./private-redis.js";
import { endedWith } from "./process.js";
import { binary, type Suite, temporaryFolder } from "./services.js";

export interface Sentinels {
  /** host:port of each, with commas between them. */
  addresses: string;
  name: string;
  primary: PrivateRedis;
  standby: PrivateRedis;
  /** `kill -9` of the Sentinel with this index. */
  kill(index: number): Promise<unknown>;
}

const NAME = "mymaster";
/** Milliseconds after which a Sentinel takes the primary for down. */
const DOWN_AFTER = 500;

/** A primary, its replica, and three Sentinels. `user`: name and password that the Sentinels ask for. */
export async function sentinels(t: Suite, user?: readonly [string, string]): Promise<Sentinels | undefined> {
  const primary = await privateRedis(t);
  if (primary === undefined) return undefined;
  const standby = await privateRedis(t, { args: ["--replicaof", "127.0.0.1", String(primary.port)] });
  if (standby === undefined) return undefined;
  const ports: number[] = [];
  const ends: ((signal: NodeJS.Signals) => Promise<unknown>)[] = [];
  for (let i = 0; i < 3; i++) {
    const port = await freePort();
    const file = join(temporaryFolder(t), "sentinel.conf");
    writeFileSync(file, [
      `port ${port}`, "bind 127.0.0.1", ...user ? [`user ${user[0]} on >${user[1]} +@all`, "user default off",
        `sentinel sentinel-user ${user[0]}`, `sentinel sentinel-pass ${user[1]}`] : [],
      `sentinel monitor ${NAME} 127.0.0.1 ${primary.port} 2`, `sentinel down-after-milliseconds ${NAME} ${DOWN_AFTER}`,
      `sentinel failover-timeout ${NAME} 5000`, "",
    ].join("\n"));
    ends.push(endedWith(t, spawn(binary("redis-server") as string, [file, "--sentinel"], { stdio: "ignore" })));
    ports.push(port);
  }
  for (const port of ports) await knowsAll(port, user);
  return { addresses: ports.map((port) => `127.0.0.1:${port}`).join(","), name: NAME, primary, standby,
    kill: (index) => ends[index]?.("SIGKILL") ?? Promise.resolve() };
}

/** Waits until the Sentinel at `port` knows the other two and the replica: before, they elect no new primary. */
async function knowsAll(port: number, [username, password] = [] as readonly string[]): Promise<void> {
  const client = new Redis({ port, host: "127.0.0.1", username, password, retryStrategy: () => 50 });
  client.on("error", () => undefined);
  try {
    for (;;) {
      const fields = await client.call("SENTINEL", "MASTER", NAME).catch(() => []) as string[];
      const field = (name: string): string | undefined => fields[fields.indexOf(name) + 1];
      const [replicas] = await client.call("SENTINEL", "REPLICAS", NAME).catch(() => []) as string[][];
      const linked = replicas?.[replicas.indexOf("master-link-status") + 1] === "ok";
      if (linked && field("num-other-sentinels") === "2" && field("flags") === "master") return;
      await new Promise((resolve) => { setTimeout(resolve, 50); });
    }
  } finally {
    client.disconnect();
  }
}
