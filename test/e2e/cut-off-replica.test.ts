import { setTimeout as sleep } from "node:timers/promises";
import t from "../support/tap.js";
import { link } from "../support/link.js";
import { migratedPostgres, redis } from "../support/services.js";
import { replica } from "./replica.js";
import { at, statuses, tokens, until } from "./support.js";

/** Milliseconds for which it is cut off: longer than a live check waits for the database. */
const OUTAGE = 4000;

const SETTINGS = [
  { name: "PostgreSQL", withRedis: [] },
  { name: "PostgreSQL and a Redis that others don't write to", withRedis: ["the replica"] },
  { name: "PostgreSQL and Redis", withRedis: ["the replica", "others"] },
];

for (const { name, withRedis } of SETTINGS) {
  await t.test(`on ${name}, a replica cut off from the database never accepts what others log out`, async (t) => {
    const [DATABASE_URL, REDIS_URL] = [await migratedPostgres(t), withRedis.length > 0 ? await redis(t) : undefined];
    if (DATABASE_URL === undefined || withRedis.length > 0 && REDIS_URL === undefined) return;
    const common = {
      AUTHFLOW_RATE_LIMIT_IP: "100000", AUTHFLOW_KEY_ENCRYPTION_KEY: Buffer.alloc(32, 6).toString("base64"),
    };
    const envOf = (who: string) => ({ ...common, ...(withRedis.includes(who) && { REDIS_URL }) });
    const isShared = withRedis.includes("others");
    const way = await link(t, Number(new URL(DATABASE_URL).port || 5432));
    const throughLink = Object.assign(new URL(DATABASE_URL), { hostname: "127.0.0.1", port: String(way.port) }).href;
    const { service: whole } = await replica(t, { ...envOf("others"), DATABASE_URL });
    const { service: cutOff, url, fastify } = await replica(t, { ...envOf("the replica"), DATABASE_URL: throughLink });
    const client = await whole.register();
    const [live, before, ...rest] = await tokens(whole, client, 22) as [string, string, ...string[]];
    const everywhere = await whole.token(client, { sub: "bob" });
    const sameSubject = await whole.token(client, { sub: "bob" });
    t.equal((await cutOff.logout(before)).status, 200);
    t.equal((await cutOff.userinfo(live)).status, 200);
    if (isShared) await until("it relies on Redis", () => fastify.outletAgreement.isTrusted);

    const opinions = new Map<number, number>();
    let over = false;
    const revoked: string[] = [];
    /** Asks the replica about revoked tokens all the time. */
    const asking = Promise.all(Array.from({ length: 4 }, async (_, lane) => {
      for (let i = lane; !over; i += 4) {
        const token = revoked[i % revoked.length];
        if (token === undefined) await sleep(5);
        else {
          const { status } = await at(url).userinfo(token);
          opinions.set(status, (opinions.get(status) ?? 0) + 1);
        }
      }
    }));
    way.cut();
    for (const token of rest) {
      t.equal((await whole.logout(token)).status, 200);
      revoked.push(token);
    }
    const headers = { authorization: `Bearer ${everywhere}` };
    t.equal((await whole.ask("POST", "/logout", headers, { everywhere: true })).status, 200);
    revoked.push(everywhere, sameSubject);
    await sleep(OUTAGE);
    t.equal((await cutOff.userinfo(before)).status, 401, "what it knows it still refuses");
    t.equal((await cutOff.userinfo(live)).status, isShared ? 200 : 503, "of others Redis knows");
    t.equal((await cutOff.logout(live)).status, 503);
    t.equal((await cutOff.ready()).status, 503);

    way.heal();
    const took = await until("it answers again", async () => (await cutOff.userinfo(live)).status === 200);
    const answers = await Promise.all(revoked.map((token) => cutOff.userinfo(token)));
    t.strictSame(statuses(answers), [401], "and knows everything at once");
    over = true;
    await asking;
    t.comment(`current ${took} ms after the link was back; answers: ${JSON.stringify([...opinions])}`);
    t.strictSame([...opinions.keys()].filter((status) => status !== 401 && status !== 503), [], "never accepted");
    t.ok(opinions.has(isShared ? 401 : 503));
    t.equal((await cutOff.logout(live)).status, 200);
  });
}
