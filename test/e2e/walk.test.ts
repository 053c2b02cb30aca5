import { Redis } from "ioredis";
import t from "../support/tap.js";
import { startServer } from "../support/process.js";
import { postgres, redis, sqlite } from "../support/services.js";
import { replica } from "./replica.js";
import { at, ISSUER } from "./support.js";

const COMBINATIONS = [
  ["SQLite alone", startServer, sqlite, undefined],
  ["SQLite and Redis", replica, sqlite, redis],
  ["PostgreSQL alone", replica, postgres, undefined],
  ["PostgreSQL and Redis", startServer, postgres, redis],
] as const;

for (const [name, start, database, cache] of COMBINATIONS) {
  await t.test(`on ${name}, a token works from registration to logout and never again`, async (t) => {
    const databaseUrl = await database(t);
    const redisUrl = await cache?.(t);
    if (databaseUrl === undefined || (cache !== undefined && redisUrl === undefined)) return;
    const { url } = await start(t, { DATABASE_URL: databaseUrl, ...(redisUrl && { REDIS_URL: redisUrl }) });
    const service = at(url);

    const client = await service.register("my-app");
    const [email, claims] = ["alice@example.com", { roles: ["editor"] }];
    const minted = await service.mint(client, { email, claims, expires_in: 900 });
    t.match(minted, { status: 200, body: { token_type: "Bearer", expires_in: 900 } });
    const token = minted.body.access_token as string;

    const { payload, protectedHeader } = await service.verify(token);
    t.match(payload, { sub: "alice", iss: ISSUER, email, provider: "local", client_id: client.client_id, ...claims });
    t.match(protectedHeader, { alg: "RS256", typ: "JWT", kid: (await service.jwks())[0]?.kid });
    t.same((await service.userinfo(token)).body, payload, "userinfo says what the token says");

    t.match(await service.logout(token), { status: 200, body: { revoked: true, jti: payload.jti } });
    const refused = await service.userinfo(token);
    t.match(refused, { status: 401, body: { error: "invalid_token" } });
    t.match(refused.headers.get("www-authenticate"), /error="invalid_token"/);
    t.match(await service.logout(token), { status: 401, body: { error: "invalid_token" } });

    if (redisUrl === undefined) return;
    const reader = new Redis(redisUrl);
    t.teardown(() => { reader.disconnect(); });
    t.equal(await reader.exists(`revoked:${payload.jti}`), 1, "downstream services find the revocation in Redis");
  });
}
