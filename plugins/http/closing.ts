import { setTimeout as sleep } from "node:timers/promises";
import fp from "fastify-plugin";

const LOOK_EVERY = 50;

/**
 * The close ends with the last request. Not later, for connections that ask for nothing (browsers and load balancers
 * hold some ready); not earlier: Fastify does not wait for the second socket of a HOST with two addresses.
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
    const timer = setInterval(() => { if (inFlight === 0) app.server.closeAllConnections(); }, LOOK_EVERY).unref();
    app.server.once("close", () => { clearInterval(timer); });
  });
  app.addHook("onClose", async () => { while (inFlight > 0) await sleep(LOOK_EVERY); });
}, { name: "closing" });
