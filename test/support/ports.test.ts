import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import t from "./tap.js";
import { freePort } from "./ports.js";
import { endedWith } from "./process.js";
import type { Suite } from "./services.js";

/** More than a process gets at once. */
const DRAWS = 150;
const DRAWER = import.meta.filename.replace("ports.test", "port-drawer");

async function drawer(t: Suite) {
  const args = [...process.execArgv, DRAWER, String(DRAWS)];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  const end = endedWith(t, child);
  for await (const line of createInterface(child.stdout)) return { end, ports: JSON.parse(line) as number[] };
  throw new Error("the drawer ended without a word");
}

async function canListen(port: number): Promise<boolean> {
  const server = createServer().listen(port, "127.0.0.1");
  const free = await once(server, "listening").then(() => true, () => false);
  server.close();
  return free;
}

await t.test("no two draws give the same port, in any process, though nothing listens there", async (t) => {
  const others = Promise.all([drawer(t), drawer(t), drawer(t)]);
  const own = await Promise.all(Array.from({ length: DRAWS }, freePort));
  const ports = [...own, ...(await others).flatMap(({ ports }) => ports)];
  t.equal(ports.length, 4 * DRAWS);
  t.equal(new Set(ports).size, ports.length);
  t.ok(await canListen(own[0] as number));
});

await t.test("a process that was killed gives its ports back", async (t) => {
  const { end, ports: [port = 0] } = await drawer(t);
  const lock = port - port % 100;
  t.notOk(await canListen(lock), "they are taken");
  await end("SIGKILL");
  t.ok(await canListen(lock), "they are free");
});
