import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startListening } from "./listening-program.js";
import { freePort } from "./ports.js";
import { binary, missing, type Suite, temporaryFolder } from "./services.js";

/** Runs HAProxy with `configuration`, which binds `port`. Resolves to whether this machine has it. */
export async function haproxy(t: Suite, configuration: string, port: number): Promise<boolean> {
  const path = binary("haproxy") ?? binary("../sbin/haproxy");
  if (path === undefined) {
    missing(t, "haproxy on the PATH");
    return false;
  }
  const file = join(temporaryFolder(t), "haproxy.cfg");
  writeFileSync(file, `${configuration}\n`);
  await startListening(t, "HAProxy", [path, "-db", "-q", "-f", file], port);
  return true;
}

/** An HAProxy that passes TCP on to `target` of this machine. Resolves to its port. */
export async function tcpProxy(t: Suite, target: number): Promise<number | undefined> {
  const port = await freePort();
  const made = await haproxy(t, `defaults
  mode tcp
  timeout connect 1s
  timeout client 1h
  timeout server 1h
listen postgres
  bind 127.0.0.1:${port}
  server postgres 127.0.0.1:${target}`, port);
  return made ? port : undefined;
}
