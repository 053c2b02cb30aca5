import t from "../support/tap.js";
import { runCli } from "../support/process.js";
import { postgres, redis } from "../support/services.js";
import { dump } from "./dump.js";
import { replica } from "./replica.js";
import { ADMIN, asAdmin, jtiOf, type Service, statuses, tokens, until } from "./support.js";

const keyEncryptionKey = (byte: number): string => Buffer.alloc(32, byte).toString("base64");

await t.test("two replicas", async (t) => {
  const [DATABASE_URL, REDIS_URL] = [await postgres(t), await redis(t)];
  if (DATABASE_URL === undefined || REDIS_URL === undefined) return;
  const env = {
    DATABASE_URL, REDIS_URL, AUTHFLOW_ADMIN_TOKEN: ADMIN, AUTHFLOW_KEY_ENCRYPTION_KEY: keyEncryptionKey(7),
  };
  const [{ service: a }, { service: b }] = [await replica(t, env), await replica(t, env)];

  await t.test("a token minted at one is live at the other, at once", async (t) => {
    const client = await a.register();
    for (const token of await tokens(a, client, 10)) t.equal((await b.userinfo(token)).status, 200);
    t.equal((await b.mint(client)).status, 200, "and a client registered at one mints at the other");
  });

  await t.test("a logout at one is refused at the other when its 200 arrives", async (t) => {
    const refused = await Promise.all((await tokens(a, await a.register(), 40)).map(async (token, i) => {
      const [here, there] = i % 2 === 0 ? [a, b] as const : [b, a] as const;
      t.equal((await there.userinfo(token)).status, 200);
      t.equal((await here.logout(token)).status, 200);
      return there.userinfo(token);
    }));
    t.same(statuses(refused), [401]);
  });

  await t.test("of many logouts of one token at both, all agree that it is revoked", async (t) => {
    const token = await a.token(await a.register());
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? a : b).logout(token)));
    t.ok(answers.some(({ status }) => status === 200));
    t.ok(answers.every(({ status }) => status === 200 || status === 401));
    t.same(statuses([await a.userinfo(token), await b.userinfo(token)]), [401]);
  });

  const CHANGES = [
    ["disabled", "PATCH", "", { disabled: true }],
    ["deleted", "DELETE", "", undefined],
    ["given a new secret without overlap", "POST", "/rotate-secret", { overlap: 0 }],
  ] as const;
  for (const [change, method, path, body] of CHANGES) {
    await t.test(`a client ${change} at one replica stops minting there at once, at the other soon`, async (t) => {
      const client = await a.register();
      t.same(statuses([await a.mint(client), await b.mint(client)]), [200], "both have it in memory");
      const changed = await a.ask(method, `/clients/${client.client_id}${path}`, asAdmin, body);
      t.ok(changed.status < 300);
      t.match(await a.mint(client), { status: 401, body: { error: "invalid_client" } });
      const ms = await until("the other refuses", async () => (await b.mint(client)).status === 401);
      t.comment(`the other replica followed within ${ms} ms`);
      t.same(statuses(await Promise.all(Array.from({ length: 20 }, () => b.mint(client)))), [401], "and it stays so");
      if (method !== "POST") return;
      const successor = { ...client, client_secret: changed.body.client_secret as string };
      t.same(statuses([await a.mint(successor), await b.mint(successor)]), [200]);
    });
  }

  await t.test("the command line disables and enables a client of running replicas", async (t) => {
    const client = await a.register();
    t.same(statuses([await a.mint(client), await b.mint(client)]), [200]);
    t.equal((await runCli(["clients", "disable", client.client_id], env)).code, 0);
    const both = async () => statuses([await a.mint(client), await b.mint(client)]).join();
    await until("both refuse it", async () => await both() === "401");
    t.equal((await runCli(["clients", "enable", client.client_id], env)).code, 0);
    await until("it mints at both again", async () => await both() === "200");
  });
});

// Last: what they share is loaded by now. On a busy machine one would keep the others from hearing the database.
for (const [round, count] of [2, 2, 4].entries()) {
  await t.test(`round ${round + 1}: ${count} replicas that start at once on nothing share a key`, async (t) => {
    const [DATABASE_URL, REDIS_URL] = [await postgres(t), await redis(t)];
    if (DATABASE_URL === undefined || REDIS_URL === undefined) return;
    const env = { DATABASE_URL, REDIS_URL, AUTHFLOW_KEY_ENCRYPTION_KEY: keyEncryptionKey(round) };
    const replicas = await Promise.all(Array.from({ length: count }, () => replica(t, env)));
    const services = replicas.map(({ service }) => service);
    const rings = await Promise.all(services.map((service) => service.jwks()));
    t.equal(rings[0]?.length, 1);
    for (const ring of rings) t.same(ring, rings[0]);
    const { installation } = await dump(DATABASE_URL);
    t.match(installation, [{ ring_revision: 1 }], "the ring was written once: no key came and went unseen");
    const client = await (services[0] as Service).register();
    for (const minter of services) {
      const token = await minter.token(client);
      for (const verifier of services) t.match(await verifier.verify(token), { payload: { jti: jtiOf(token) } });
    }
  });
}
