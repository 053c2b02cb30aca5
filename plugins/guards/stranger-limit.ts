import type { FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import { tooManyRequests } from "../../src/shared/errors.js";

declare module "fastify" {
  interface FastifyInstance {
    /** Guard, after `mayRegister`: not too many registrations by strangers from one address. */
    limitStrangers: (request: FastifyRequest) => Promise<void>;
  }
}

/** Registrations per minute and address. A proxy's users share one, and each of their clients registers once. */
const MAX = 10;

/** Needs @fastify/rate-limit in the same scope, whose store counts: with Redis over all replicas. */
export default fp(async (app) => {
  const count = app.createRateLimit({ max: Math.min(MAX, app.config.rateLimits.registration) });
  app.decorate("limitStrangers", async (request) => {
    if (request.registrant !== "stranger") return;
    const counted = await count(request);
    if (!counted.isAllowed && counted.isExceeded) throw tooManyRequests(counted.ttlInSeconds);
  });
}, { name: "stranger-limit", dependencies: ["operator"] });
