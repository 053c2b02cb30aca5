import type { FastifyInstance } from "fastify";
import { buildApp, type Overrides } from "../../src/app.js";
import { loadConfig } from "../../src/config/load.js";
import { isAllUp, until } from "../e2e/support.js";
import type { Environment } from "./app.js";
import { freePort } from "./ports.js";
import { sqlite, type Suite } from "./services.js";

export interface Served {
  url: string;
  fastify: FastifyInstance;
  /** Everything it logged so far. */
  output(): string;
  stop(): Promise<void>;
}

/**
 * The service in this process, at a port of its own, on a new SQLite file unless `env` names another database: for
 * whoever needs a server, but not a process that can be killed.
 */
export async function serve(
  t: Suite,
  env: Environment = {},
  overrides: Omit<Overrides, "logStream"> = {},
): Promise<Served> {
  const port = env.PORT ?? String(await freePort());
  const url = `http://localhost:${port}`;
  const config = loadConfig({
    AUTHFLOW_PUBLIC_URL: url, HOST: "127.0.0.1", DATABASE_URL: env.DATABASE_URL ?? sqlite(t), ...env, PORT: port,
  });
  let output = "";
  const fastify = await buildApp(config, { ...overrides, logStream: { write: (line) => { output += line; } } });
  const stop = (): Promise<void> => fastify.close();
  t.teardown(stop);
  await fastify.listen({ port: config.port, host: config.host });
  await until("the service is ready", async () => isAllUp({ status: 200, body: { ...await fastify.readiness() } }));
  return { url, fastify, output: () => output, stop };
}
