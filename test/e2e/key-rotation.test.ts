import { generateKeyPairSync } from "node:crypto";
import { decodeProtectedHeader } from "jose";
import t from "../support/tap.js";
import { runCli, startServer } from "../support/process.js";
import { postgres, redis } from "../support/services.js";
import { replica } from "./replica.js";
import { ADMIN, at, type Service, until } from "./support.js";

const KEK = { AUTHFLOW_KEY_ENCRYPTION_KEY: Buffer.alloc(32, 9).toString("base64") };
const pem = (): string =>
  generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "pem", type: "pkcs8" }).toString();
const kidOf = (token: string): string => decodeProtectedHeader(token).kid as string;
const kids = async (service: Service): Promise<string[]> => (await service.jwks()).map(({ kid }) => kid);

await t.test("two replicas", async (t) => {
  const [DATABASE_URL, REDIS_URL] = [await postgres(t), await redis(t)];
  if (DATABASE_URL === undefined || REDIS_URL === undefined) return;
  const env = { DATABASE_URL, REDIS_URL, AUTHFLOW_ADMIN_TOKEN: ADMIN, ...KEK };
  const [{ service: a }, second] = await Promise.all([replica(t, env), startServer(t, env)]);
  const b = at(second.url);

  await t.test("authflow keys rotate publishes the next key on both, once", async (t) => {
    const runs = await Promise.all([runCli(["keys", "rotate"], env), runCli(["keys", "rotate"], env)]);
    for (const { code, stdout } of runs) {
      t.equal(code, 0);
      t.match(stdout, /^\S+  RS256  active   \S+Z\n\S+  RS256  staged   \S+Z  signs from \S+Z\n$/);
    }
    t.equal(runs[0]?.stdout, runs[1]?.stdout, "it was staged once");
    for (const service of [a, b]) await until("both are there", async () => (await kids(service)).length === 2);
    t.same(await kids(a), await kids(b));
  });

  await t.test("a replica that slept through a change signs its first token with the key that is active by then",
    async (t) => {
    const client = await a.register();
    const before = kidOf(await b.token(client));
    process.kill(second.pid, "SIGSTOP");
    const third = await replica(t, { ...env, AUTHFLOW_SIGNING_KEY: pem() });
    const [active] = await kids(third.service);
    t.not(active, before);
    await until("the waking one follows", async () => kidOf(await a.token(client)) === active);
    await new Promise((resolve) => { setTimeout(resolve, 1000); }); // longer than a replica trusts its memory
    const woken = b.token(client);
    process.kill(second.pid, "SIGCONT");
    t.equal(kidOf(await woken), active);
  });
});
