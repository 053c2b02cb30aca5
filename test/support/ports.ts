import { createServer, type Server } from "node:net";

/**
 * Below the range of outgoing connections (from 32768 on Linux): there, while a server is down on purpose, a client's
 * own socket could take its port or connect to itself.
 */
const [FIRST, BLOCK, BLOCKS] = [20_000, 100, 120];

/**
 * A TCP port of 127.0.0.1 that nothing listens on. It stays the caller's until this process ends: no other call gets
 * it, in whatever process of a test run, also while the server that it is for is down.
 */
export async function freePort(): Promise<number> {
  return (await ports.next()).value;
}

const ports = (async function* (): AsyncGenerator<number, never> {
  for (;;) {
    const first = await takeBlock();
    for (let port = first + 1; port < first + BLOCK; port++) {
      const server = await listen(port); // undefined: something else than a test has it
      if (server === undefined) continue;
      await new Promise((resolve) => server.close(resolve));
      yield port;
    }
  }
})();

/**
 * Takes a block of ports for this process. The process that listens on its first port has it: the system gives that
 * port to one process only, and takes it back when the process ends, however it ends.
 */
async function takeBlock(): Promise<number> {
  const start = Math.floor(Math.random() * BLOCKS);
  for (let i = 0; i < BLOCKS; i++) {
    const first = FIRST + (start + i) % BLOCKS * BLOCK;
    const lock = await listen(first);
    if (lock === undefined) continue;
    lock.unref();
    return first;
  }
  throw new Error(`none of ${BLOCKS} blocks of ports from ${FIRST} on is free`);
}

function listen(port: number): Promise<Server | undefined> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => { resolve(undefined); });
    server.listen(port, "127.0.0.1", () => { resolve(server); });
  });
}
