import type { FastifyInstance } from "fastify";

/** Runs `work` on the service as the environment describes it, without listening. */
export async function withApp<T>(work: (app: FastifyInstance) => Promise<T>): Promise<T> {
  const [{ buildApp }, { loadConfig }] = await Promise.all([import("../app.js"), import("../config/load.js")]);
  // Results go to standard output and belong to whoever pipes them on; the log must not mix in.
  const app = await buildApp(loadConfig({ ...process.env, LOG_LEVEL: "silent" }));
  try {
    await app.ready();
    return await work(app);
  } finally {
    await app.close();
  }
}

export const print = (value: unknown): void => {
  process.stdout.write(`${typeof value === "string" ? value : JSON.stringify(value, null, 2)}\n`);
};
