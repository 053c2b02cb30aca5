import t from "../support/tap.js";
import { startServer } from "../support/process.js";
import { postgres, redis, sqlite } from "../support/services.js";
import { replica } from "./replica.js";
import { at, type Credentials, type Service, statuses, until } from "./support.js";

const ROUNDS = 2;
const LANES = 8;
/** Acknowledged logouts, per round, after which the process is killed. */
const ENOUGH = 40;

interface Acknowledged { registrations: Credentials[]; logouts: string[]; live: string[] }

/** Registers, mints and logs out until the process is gone; keeps what was acknowledged. */
async function storm(service: Service, acknowledged: Acknowledged): Promise<void> {
  for (;;) {
    const client = await service.register();
    acknowledged.registrations.push(client);
    for (let i = 0; i < 3; i++) {
      const [spared, token] = [await service.token(client), await service.token(client)];
      acknowledged.live.push(spared);
      const { status } = await service.logout(token);
      if (status === 200) acknowledged.logouts.push(token);
      else throw new Error(`A logout was answered ${status}`);
    }
  }
}

const STORES = [["SQLite", sqlite, undefined], ["PostgreSQL and Redis", postgres, redis]] as const;

for (const [name, database, cache] of STORES) {
  await t.test(`on ${name}, kill -9 in a storm loses no acknowledged registration or logout`, async (t) => {
    const [DATABASE_URL, REDIS_URL] = [await database(t), await cache?.(t)];
    if (DATABASE_URL === undefined || (cache !== undefined && REDIS_URL === undefined)) return;
    const env = {
      DATABASE_URL, ...(REDIS_URL && { REDIS_URL }), AUTHFLOW_RATE_LIMIT_REGISTRATION: "100000", LOG_LEVEL: "error",
      AUTHFLOW_KEY_ENCRYPTION_KEY: Buffer.alloc(32, 4).toString("base64"),
    };
    for (let round = 1; round <= ROUNDS; round++) {
      const server = await startServer(t, env);
      const { url } = server;
      const acknowledged: Acknowledged = { registrations: [], logouts: [], live: [] };
      const lanes = Promise.allSettled(Array.from({ length: LANES }, () => storm(at(url), acknowledged)));
      await until("there is enough to lose", () => acknowledged.logouts.length >= ENOUGH);
      await server.kill();
      const faults = (await lanes).map((lane) => String((lane as PromiseRejectedResult).reason));
      const answers = faults.filter((fault) => !fault.startsWith("TypeError: "));
      t.same(answers, [], "every lane ended with its connection, not with an answer");

      const { service, stop } = await replica(t, env);
      const { registrations, logouts, live } = acknowledged;
      const minting = await Promise.all(registrations.map((client) => service.mint(client)));
      t.same(statuses(minting), [200], `each of ${registrations.length} registered clients mints`);
      const refused = await Promise.all(logouts.map(service.userinfo));
      t.same(statuses(refused), [401], `each of ${logouts.length} logged-out tokens is refused`);
      const living = await Promise.all(live.map(service.userinfo));
      t.same(statuses(living), [200], `each of the ${live.length} others lives`);
      await stop();
    }
  });
}
