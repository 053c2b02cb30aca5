import { setTimeout as sleep } from "node:timers/promises";
import fp from "fastify-plugin";

/** Milliseconds. */
const POLL_INTERVAL = 50;

/**
 * Makes `close` end with the last request. It does not wait for idle connections, which browsers and load balancers
 * keep open. It waits for requests on the second socket of a HOST with two addresses, which Fastify alone would not.
 */
export default fp(async (app) => {
  let inFlight = 0;
  const ended = (): void => { inFlight--; };
  app.addHook("onRequest", (_request, reply, done) => {
    inFlight++;
    reply.raw.on("close", ended);
    done();
  });
  app.addHook("preClose", async () => {
    const timer = setInterval(() => { if (inFlight === 0) app.server.closeAllConnections(); }, POLL_INTERVAL).unref();
    app.server.once("close", () => { clearInterval(timer); });
  });
  app.addHook("onClose", async () => { while (inFlight > 0) await sleep(POLL_INTERVAL); });
}, { name: "closing" });
