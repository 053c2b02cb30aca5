import type { FastifyInstance } from "fastify";
import { buildApp, type Overrides } from "../../src/app.js";
import { loadConfig } from "../../src/config/load.js";
import { isAllUp, until } from "../e2e/support.js";
import type { Environment } from "./app.js";
import { giveKeyRing, hasPlainKey } from "./keys.js";
import { freePort } from "./ports.js";
import { migratedSqlite, type Suite } from "./services.js";

export interface Served {
  url: string;
  fastify: FastifyInstance;
  /** Everything it logged so far. */
  output(): string;
  stop(): Promise<void>;
}

/**
 * The service in this process, at a port of its own, on a new SQLite file unless `env` names another database: for
 * whoever needs a server, but not a process that can be killed. Where the file is new it starts with a signing key of
 * an earlier start.
 */
export async function serve(
  t: Suite,
  env: Environment = {},
  overrides: Omit<Overrides, "logStream"> = {},
): Promise<Served> {
  const port = env.PORT ?? String(await freePort());
  const url = `http://localhost:${port}`;
  const DATABASE_URL = env.DATABASE_URL ?? await migratedSqlite(t);
  const config = loadConfig({ AUTHFLOW_PUBLIC_URL: url, HOST: "127.0.0.1", ...env, DATABASE_URL, PORT: port });
  if (env.DATABASE_URL === undefined && hasPlainKey(config)) await giveKeyRing(config, (overrides.clock ?? Date.now)());
  let output = "";
  const fastify = await buildApp(config, { ...overrides, logStream: { write: (line) => { output += line; } } });
  const stop = (): Promise<void> => fastify.close();
  t.teardown(stop);
  await fastify.listen({ port: config.port, host: config.host });
  await until("the service is ready", async () => isAllUp({ status: 200, body: { ...await fastify.readiness() } }));
  return { url, fastify, output: () => output, stop };
}
