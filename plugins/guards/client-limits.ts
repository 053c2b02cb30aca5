import type { FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import type { ClientRead } from "../../src/clients/cache.js";
import type { Client } from "../../src/clients/client.js";
import { AuthflowError, tooManyRequests } from "../../src/shared/errors.js";

type Limit = (request: FastifyRequest) => Promise<void>;
declare module "fastify" {
  interface FastifyInstance {
    /** Guard: requests of one client, after its authentication. */
    limitClient: Limit;
    /** Guard: cut-offs of one client, after its authentication or that of one of its tokens. None for operators. */
    limitCutoffs: Limit;
    /**
     * Limits failed authentications of one address. Others may share it, behind a proxy: who has the right secret is
     * let through however many fail, and those who fail share their reads of the database, so that they stay cheap.
     */
    countFailures: (request: FastifyRequest, authenticate: (read: ClientRead) => Promise<Client>) => Promise<Client>;
  }
}

/** Needs @fastify/rate-limit in the same scope. Counts per minute, in the memory of this replica. */
export default fp(async (app) => {
  const { failures, client, cutoffs } = app.config.rateLimits;
  const byClient = ({ client, accessToken }: FastifyRequest): string =>
    client?.id ?? accessToken?.claims.client_id ?? "";
  const limit = (max: number, keyGenerator?: typeof byClient) =>
    app.createRateLimit({ max, timeWindow: 60_000, ...(keyGenerator && { keyGenerator }) });
  const refusing = (count: ReturnType<typeof limit>): Limit => async (request) => {
    const counted = await count(request);
    if (!counted.isAllowed && counted.isExceeded) throw tooManyRequests(counted.ttlInSeconds);
  };
  app.decorate("limitClient", refusing(limit(client, byClient)));
  const limitCutoffs = refusing(limit(cutoffs, byClient));
  app.decorate("limitCutoffs", async (request) => { if (byClient(request) !== "") await limitCutoffs(request); });

  const failed = limit(failures);
  const refuseFailure = refusing(failed);
  app.decorate("countFailures", async (request, authenticate) => {
    const state = await failed(request, { increment: false });
    try {
      return await authenticate(state.isAllowed || state.remaining > 0 ? "own" : "shared");
    } catch (error) {
      if (!(error instanceof AuthflowError) || error.code !== "invalid_client") throw error;
      await refuseFailure(request);
      throw error;
    }
  });
}, { name: "client-limits", dependencies: ["clients"] });
