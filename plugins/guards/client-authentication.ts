import type { FastifyReply, FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import type { ClientRead } from "../../src/clients/cache.js";
import type { Client, ClientCredentials } from "../../src/clients/client.js";
import { AuthflowError, invalidRequest, tooManyRequests, unauthenticated } from "../../src/shared/errors.js";
import { basicCredentials } from "./authorization-header.js";

type Guard = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;
declare module "fastify" {
  interface FastifyRequest {
    client: Client | null;
    /** The credentials that `authenticateClient` has verified. */
    credentials: ClientCredentials | null;
  }
  interface FastifyInstance {
    /**
     * Guard: HTTP Basic, or client_id and client_secret in the body (RFC 6749 §2.3.1). Sets `client` and `credentials`.
     */
    authenticateClient: Guard;
    /** Guard: as `authenticateClient`, but a public client sends its client_id only (RFC 6749 §3.2.1). */
    identifyClient: Guard;
  }
}

export default fp(async (app) => {
  const { failures, client: perClient } = app.config.rateLimits;
  const failureLimit = app.createRateLimit({ max: failures, timeWindow: 60_000 });
  const clientLimit = app.createRateLimit({
    max: perClient,
    timeWindow: 60_000,
    keyGenerator: (request: FastifyRequest) => request.client?.id ?? "",
  });
  app.decorateRequest("client", null);
  app.decorateRequest("credentials", null);
  app.decorate("authenticateClient", async (request) => {
    const { id, secret } = credentials(request);
    const known = app.clients.authenticateFromCache(id, secret);
    request.client = known ?? await countingFailures(request, (read) => app.clients.authenticate(id, secret, read));
    request.credentials = { id, secret };
    const limit = await clientLimit(request);
    if (!limit.isAllowed && limit.isExceeded) throw tooManyRequests(limit.ttlInSeconds);
  });
  app.decorate("identifyClient", async (request, reply) => {
    const { id, secret = "" } = presentedCredentials(request);
    if (id === undefined) throw invalidRequest("client_id is missing (or authenticate by HTTP Basic)");
    if (secret !== "") return app.authenticateClient(request, reply);
    // No limit per client here: anyone can send a client_id, so one caller could lock out all users of the client.
    request.client = await countingFailures(request, (read) => app.clients.identify(id, read));
  });

  /**
   * Limits failed authentications of one address. Others may share it, behind a proxy: who has the right secret is let
   * through however many fail, and those who fail share their reads of the database, so that they stay cheap.
   */
  async function countingFailures(
    request: FastifyRequest,
    authenticate: (read: ClientRead) => Promise<Client>,
  ): Promise<Client> {
    const { remaining = 1 } = await failureLimit(request, { increment: false }) as { remaining?: number };
    try {
      return await authenticate(remaining > 0 ? "own" : "shared");
    } catch (error) {
      if (!(error instanceof AuthflowError) || error.code !== "invalid_client") throw error;
      const failed = await failureLimit(request);
      if (!failed.isAllowed && failed.isExceeded) throw tooManyRequests(failed.ttlInSeconds);
      throw error;
    }
  }
}, { name: "client-authentication", dependencies: ["clients"] });

interface CredentialsInBody { client_id?: string; client_secret?: string }

/** RFC 6749 §2.3: a client uses one way to authenticate. Its client_id beside HTTP Basic only names it once more. */
function presentedCredentials(request: FastifyRequest): Partial<ClientCredentials> {
  const basic = basicCredentials(request);
  const { client_id: id, client_secret: secret } = (request.body ?? {}) as CredentialsInBody;
  if (basic === undefined) return { ...(id !== undefined && { id }), ...(secret !== undefined && { secret }) };
  if (secret !== undefined) throw invalidRequest("Send the client's secret by HTTP Basic or in the body, not both");
  if (id !== undefined && id !== basic.id)
    throw invalidRequest("client_id in the body differs from that of HTTP Basic: send the same, or none in the body");
  return basic;
}

function credentials(request: FastifyRequest): ClientCredentials {
  const { id, secret } = presentedCredentials(request);
  const { body, routeOptions: { config: { form } } } = request;
  if (id === undefined && secret === undefined && (body === undefined || form === true)) throw unauthenticated();
  if (id === undefined) throw invalidRequest("client_id is missing (or authenticate by HTTP Basic)");
  if (secret === undefined) throw invalidRequest("client_secret is missing (or authenticate by HTTP Basic)");
  return { id, secret };
}
