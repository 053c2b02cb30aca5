import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import fp from "fastify-plugin";

/** Milliseconds. */
const POLL_INTERVAL = 50;

/**
 * Makes `close` end with the last request, or after `timing.shutdownLimit` if one does not end, such as one whose body
 * never arrives. It does not wait for idle connections, which browsers and load balancers keep open. It waits for
 * requests on the second socket of a HOST with two addresses, which Fastify alone would not.
 */
export default fp(async (app) => {
  /** How many requests of a connection are being answered. It may send the next one before (pipelining). */
  const inFlight = new Map<Socket, number>();
  const watched = new WeakSet<Socket>();
  // If a connection breaks, the responses that wait behind its first one never emit `close`.
  function closed(this: Socket): void { inFlight.delete(this); }
  function answered(this: ServerResponse): void {
    const { socket } = this.req;
    const left = (inFlight.get(socket) ?? 1) - 1;
    if (left > 0) inFlight.set(socket, left);
    else inFlight.delete(socket);
  }
  app.addHook("onRequest", ({ raw: { socket } }, reply, done) => {
    if (!watched.has(socket)) {
      watched.add(socket);
      socket.on("close", closed);
    }
    if (!socket.destroyed) inFlight.set(socket, (inFlight.get(socket) ?? 0) + 1);
    reply.raw.on("close", answered);
    done();
  });
  let timer: NodeJS.Timeout | undefined;
  app.addHook("preClose", async () => {
    const deadline = performance.now() + app.timing.shutdownLimit;
    timer = setInterval(() => {
      const isLate = performance.now() > deadline;
      if (isLate && inFlight.size > 0) {
        app.log.warn({ connections: inFlight.size }, "requests did not end in time: their connections are cut");
        for (const socket of inFlight.keys()) socket.destroy();
        inFlight.clear();
      }
      if (inFlight.size === 0) app.server.closeAllConnections();
    }, POLL_INTERVAL).unref();
  });
  app.addHook("onClose", async () => {
    while (inFlight.size > 0) await sleep(POLL_INTERVAL);
    clearInterval(timer);
  });
}, { name: "closing" });
