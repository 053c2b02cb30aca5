import type { FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import { AuthflowError, tooManyRequests } from "../../src/shared/errors.js";
import type { Lookup } from "../../src/shared/joined-lookup.js";

type Limit = (request: FastifyRequest) => Promise<void>;
declare module "fastify" {
  interface FastifyInstance {
    /** Guard: requests of one client, after its authentication. */
    limitClient: Limit;
    /** Guard: cut-offs of one client, after its authentication or that of one of its tokens. None for operators. */
    limitCutoffs: Limit;
    /**
     * Counts wrong secrets and codes of one address, and limits the secrets. Others may share the address, behind a
     * proxy: who has the right one is let through however many fail, and above the limit all who are not known yet
     * share their reads of the database, so that those who fail stay cheap.
     */
    countFailures: <T>(request: FastifyRequest, attempt: (lookup: Lookup) => Promise<T>) => Promise<T>;
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
  app.decorate("countFailures", async (request, attempt) => {
    const state = await failed(request, { increment: false });
    try {
      return await attempt(state.isAllowed || state.remaining > 0 ? "own" : "shared");
    } catch (error) {
      const code = error instanceof AuthflowError ? error.code : "";
      if (code === "invalid_client") await refuseFailure(request);
      // Not refused: a code may have expired, and to wait would not help.
      else if (code === "invalid_grant") await failed(request);
      throw error;
    }
  });
}, { name: "client-limits", dependencies: ["clients"] });
