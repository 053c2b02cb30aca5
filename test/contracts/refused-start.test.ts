import { rowsOf } from "../support/sql.js";
import t from "../support/tap.js";
import { until } from "../e2e/support.js";
import { buildApp } from "../../src/app.js";
import { loadConfig } from "../../src/config/load.js";
import { testApp } from "../support/app.js";
import { privateRedis } from "../support/private-redis.js";
import { migratedPostgres } from "../support/services.js";

await t.test("a start that fails late closes every connection that it opened", async (t) => {
  const [DATABASE_URL, redis] = [await migratedPostgres(t), await privateRedis(t)];
  if (DATABASE_URL === undefined || redis === undefined) return;
  const REDIS_URL = redis.url;
  const key = (byte: number): string => Buffer.alloc(32, byte).toString("base64");
  const first = await testApp(t, { DATABASE_URL, REDIS_URL, AUTHFLOW_KEY_ENCRYPTION_KEY: key(1) });
  await first.fastify.close();
  const isAlone = async (): Promise<boolean> => {
    const sessions = await rowsOf(DATABASE_URL, `SELECT pid FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`);
    const clients = String(await redis.cli("CLIENT", "LIST")).trim().split("\n");
    return sessions.length === 0 && clients.length === 1; // the one that asks
  };
  await until("the first one has left", isAlone);

  const config = loadConfig({ DATABASE_URL, REDIS_URL, LOG_LEVEL: "silent", AUTHFLOW_KEY_ENCRYPTION_KEY: key(2) });
  await t.rejects(buildApp(config), /AUTHFLOW_KEY_ENCRYPTION_KEY is not the key/);
  await until("nothing is left open", isAlone);
});
