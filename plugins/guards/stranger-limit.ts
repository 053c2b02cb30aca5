import fp from "fastify-plugin";
import { tooManyRequests } from "../../src/shared/errors.js";
import { carriesToken } from "./operator.js";

/** Registrations per minute and address. A proxy's users share one, and each of their clients registers once. */
const MAX = 10;

/**
 * Limits registrations without a token where registration is open on a public URL. Needs @fastify/rate-limit in the
 * same scope, whose store counts: with Redis over all replicas. Callers with a token are not counted.
 */
export default fp(async (app) => {
  const { registration, loopback, rateLimits } = app.config;
  if (registration !== "open" || loopback) return;
  const count = app.createRateLimit({ max: Math.min(MAX, rateLimits.registration) });
  app.addHook("onRequest", async (request) => {
    if (request.method !== "POST" || carriesToken(request)) return; // a preflight carries no token either
    const counted = await count(request);
    if (!counted.isAllowed && counted.isExceeded) throw tooManyRequests(counted.ttlInSeconds);
  });
}, { name: "stranger-limit", dependencies: ["operator"] });
