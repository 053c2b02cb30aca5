import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import { freePort } from "../support/ports.js";
import type { Suite } from "../support/services.js";

export interface CountingProxy {
  url: string;
  /** `<method> <path>` of every request so far. */
  seen: string[];
  /** The Last-Event-ID of every request for the feed so far. */
  resumed: (string | undefined)[];
  /** Requests for this path, and what their answers still have to say, are held until it is set to something else. */
  held: string | undefined;
  stop(): void;
  start(): Promise<void>;
}

/** What a service reaches Authflow through, so that its requests can be counted and its connections be broken. */
export async function countingProxy(t: Suite, target: string): Promise<CountingProxy> {
  const port = await freePort();
  const waiting: (() => void)[] = [];
  const feeds = new Set<IncomingMessage>();
  let held: string | undefined;
  let server: Server | undefined;
  const proxy: CountingProxy = {
    url: `http://127.0.0.1:${port}`, seen: [], resumed: [],
    get held() { return held; },
    set held(path) {
      held = path;
      if (path === "/revocations/stream") for (const feed of feeds) feed.unpipe(); // dead, but not closed
      for (const proceed of waiting.splice(0)) proceed();
    },
    stop() {
      server?.close();
      server?.closeAllConnections();
    },
    async start() {
      server = createServer((incoming, response) => { void forward(incoming, response); }).listen(port, "127.0.0.1");
      await new Promise((resolve) => server?.once("listening", resolve));
    },
  };
  const forward = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method, url: path, headers } = incoming;
    proxy.seen.push(`${method} ${path}`);
    if (path === "/revocations/stream") proxy.resumed.push(headers["last-event-id"] as string | undefined);
    while (held === path) await new Promise<void>((proceed) => { waiting.push(proceed); });
    const onward = request(target + path, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
      if (path === "/revocations/stream") feeds.add(answer);
      answer.once("close", () => { feeds.delete(answer); response.destroy(); });
    });
    onward.once("error", () => { response.destroy(); });
    response.once("close", () => { onward.destroy(); });
    incoming.pipe(onward);
  };
  await proxy.start();
  t.teardown(proxy.stop);
  return proxy;
}
