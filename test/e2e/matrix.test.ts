import { decodeJwt, decodeProtectedHeader } from "jose";
import { setTimeout as sleep } from "node:timers/promises";
import type { Test } from "tap";
import { postForm } from "../chaos/client.js";
import t from "../support/tap.js";
import { cli } from "../support/cli.js";
import { evict, evictWhenFull } from "../support/eviction.js";
import { privateRedis } from "../support/private-redis.js";
import { startServer } from "../support/process.js";
import { migratedPostgres, migratedSqlite, type Suite } from "../support/services.js";
import { replica } from "./replica.js";
import { ADMIN, asAdmin, at, jtiOf, type Service, until } from "./support.js";

type Environment = Record<string, string>;
interface Started { url: string; service: Service; stop(): Promise<unknown> }
interface Replica extends Started { redis: string; env: Environment }
type Start = (t: Suite, env: Environment) => Promise<Started>;

const startProcess: Start = async (t, env) => {
  const { url, stop } = await startServer(t, env);
  return { url, service: at(url), stop };
};
const BACKENDS: [string, (t: Suite) => Promise<string | undefined>, Start][] = [
  ["SQLite", migratedSqlite, startProcess], // processes that share one file
  ["PostgreSQL", migratedPostgres, replica],
];

/** A way to end a token. */
interface Way {
  what: string;
  /** Resolves to why it failed, or to an empty text. */
  revoke(token: string): Promise<string>;
}
interface Revoked { what: string; token: string }

const waysOfReplica = ({ redis, service }: Replica): Way[] => {
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  const ways: Record<string, (token: string) => ReturnType<Service["ask"]>> = {
    "a logout": (token) => service.logout(token),
    "a log-out-everywhere": (token) => service.ask("POST", "/logout", bearer(token), { everywhere: true }),
    "a key's revocation": (token) => service.ask("POST", `/keys/${kidOf(token)}/revoke`, asAdmin),
  };
  return Object.entries(ways).map(([what, ask]) =>
    ({ what: `${what} at a replica with ${redis}`, revoke: async (token) => {
      const { status, body } = await ask(token);
      return status === 200 ? "" : `${status} ${JSON.stringify(body)}`;
    } }));
};
const waysOfCommandLine = ({ redis, env }: Replica): Way[] => {
  const ways: Record<string, (token: string) => string[]> = {
    "--jti": (token) => ["--jti", jtiOf(token)],
    "--sub": (token) => ["--sub", decodeJwt(token).sub as string],
    "--key": (token) => ["--key", kidOf(token), "--yes"],
  };
  return Object.entries(ways).map(([what, args]) => ({
    what: `authflow revoke ${what} with ${redis}`,
    revoke: async (token) => {
      const { code, stdout, stderr } = await cli(["revoke", ...args(token)], env);
      return code === 0 ? "" : `${code} ${stdout} ${stderr}`;
    },
  }));
};
const kidOf = (token: string): string => decodeProtectedHeader(token).kid as string;

/** What a replica answers to the two ways to ask about a token. */
async function answersTo(token: string, { url, service }: Replica, client: Record<string, string>): Promise<string> {
  const [userinfo, introspection] =
    await Promise.all([service.userinfo(token), postForm(`${url}/introspect`, { token, ...client }, {})]);
  return `${userinfo.status}, ${introspection.status} active: ${String(introspection.body.active)}`;
}
const [LIVE, REFUSED] = ["200, 200 active: true", "401, 200 active: false"];

for (const [name, database, start] of BACKENDS) {
  await t.test(`on ${name}, whatever Redis the replicas and the command line use`, async (t) => {
    const [DATABASE_URL, one, two, evicting] =
      await Promise.all([database(t), privateRedis(t), privateRedis(t), privateRedis(t)]);
    if (DATABASE_URL === undefined || one === undefined || two === undefined || evicting === undefined) return;
    await evictWhenFull(evicting);
    const common = {
      DATABASE_URL, AUTHFLOW_ADMIN_TOKEN: ADMIN, LOG_LEVEL: "error", AUTHFLOW_RATE_LIMIT_IP: "100000",
      AUTHFLOW_KEY_ENCRYPTION_KEY: Buffer.alloc(32, 3).toString("base64"),
    };
    const settings = [
      { redis: "no Redis", env: common },
      { redis: "Redis 1", env: { ...common, REDIS_URL: one.url } },
      { redis: "Redis 2", env: { ...common, REDIS_URL: two.url } },
      { redis: "a Redis that evicts", env: { ...common, REDIS_URL: evicting.url } },
    ];
    const startAll = (): Promise<Replica[]> => Promise.all(settings.map(async ({ redis, env }) =>
      ({ redis, env, ...await start(t, env) })));
    const replicas = await startAll();
    const { service } = replicas[0] as Replica;
    const { client_id, client_secret } = await service.register();
    const client = { client_id, client_secret };
    const allAnswer = async (t: Test, answer: string, tokens: Revoked[], asked: Replica[]): Promise<void> => {
      const others: string[] = [];
      for (const { what, token } of tokens) {
        await Promise.all(asked.map(async (replica) => {
          const answered = await answersTo(token, replica, client);
          if (answered !== answer) others.push(`${what}, asked with ${replica.redis}: ${answered}`);
        }));
      }
      t.strictSame(others, [], answer);
    };

    const revoked: Revoked[] = [];
    await t.test("what one has revoked is refused by all at once", async (t) => {
      for (const { what, revoke } of [...replicas.flatMap(waysOfReplica), ...replicas.flatMap(waysOfCommandLine)]) {
        const token = await service.token(client, { sub: `user ${revoked.length}` });
        await allAnswer(t, LIVE, [{ what, token }], replicas);
        t.equal(await revoke(token), "", what);
        await allAnswer(t, REFUSED, [{ what, token }], replicas);
        revoked.push({ what, token });
        await until("the replica that mints knows which key was revoked", async () =>
          !what.includes("key") || kidOf(await service.token(client)) !== kidOf(token));
      }
    });

    const spared = [{ what: "another token", token: await service.token(client, { sub: "spared" }) }];
    await t.test("some seconds later, after one Redis has evicted them", async (t) => {
      await evict(evicting, revoked.map(({ token }) => `revoked:${jtiOf(token)}`));
      await sleep(1000);
      await allAnswer(t, REFUSED, revoked, replicas);
      await allAnswer(t, LIVE, spared, replicas);
    });

    await t.test("after all have restarted", async (t) => {
      await Promise.all(replicas.map(({ stop }) => stop()));
      const restarted = await startAll();
      await allAnswer(t, REFUSED, revoked, restarted);
      await allAnswer(t, LIVE, spared, restarted);
    });
  });
}
