import { createServer } from "node:net";

/**
 * A TCP port of 127.0.0.1 that nobody listens on. It lies below the range of outgoing connections (from 32768 on
 * Linux): there, while a server is down on purpose, a client's own socket could take its port or connect to itself.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (await isFree(port)) return port;
  }
  throw new Error("no free port between 20000 and 32000");
}

const isFree = (port: number): Promise<boolean> => new Promise((resolve) => {
  const server = createServer().once("error", () => { resolve(false); });
  server.listen(port, "127.0.0.1", () => server.close(() => { resolve(true); }));
});
