import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import t from "./tap.js";
import { freePort } from "./ports.js";
import { endedWith } from "./process.js";
import { LOADER, moduleFile } from "./root.js";
import type { Suite } from "./services.js";

/** More than a process gets at once. */
const DRAWS = 150;
const DRAWER = moduleFile("test/support/port-drawer");

async function drawer(t: Suite) {
  const child = spawn(process.execPath, [...LOADER, DRAWER, String(DRAWS)], { stdio: ["pipe", "pipe", "pipe"] });
  const end = endedWith(t, child);
  const said = text(child.stderr);
  for await (const line of createInterface(child.stdout)) return { end, ports: JSON.parse(line) as number[] };
  throw new Error(`the drawer ended with ${child.exitCode ?? child.signalCode} and said: ${await said}`);
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
