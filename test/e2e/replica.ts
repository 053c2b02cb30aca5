import { type Environment, testApp, type TestApp } from "../support/app.js";
import type { Suite } from "../support/services.js";
import { at, isAllUp, type Service, until } from "./support.js";

export interface Replica {
  url: string;
  service: Service;
  fastify: TestApp["fastify"];
  logs: TestApp["logs"];
  /** Ends it in order, as SIGTERM does. */
  stop(): Promise<void>;
}

type Options = Parameters<typeof testApp>[2] & { /** The path that has to answer 200. */ waitFor?: string };

/** A replica in this process, reached by HTTP like any other: for tests in which no process has to die. */
export async function replica(
  t: Suite, env: Environment = {}, { waitFor = "/health/ready", ...overrides }: Options = {},
): Promise<Replica> {
  const { fastify, logs } = await testApp(t, env, overrides);
  const url = await fastify.listen({ port: Number(env.PORT ?? 0), host: "127.0.0.1" });
  const service = at(url);
  await until(`${waitFor} answers 200`, async () => isAllUp(await service.ask("GET", waitFor)));
  return { url, service, fastify, logs, stop: () => fastify.close() };
}
