import { decodeJwt, decodeProtectedHeader } from "jose";
import t from "../support/tap.js";
import { onEveryBackend, OPERATOR, testApp } from "../support/app.js";
import { cli } from "../support/cli.js";
import { migratedSqlite } from "../support/services.js";

const KEK = { AUTHFLOW_KEY_ENCRYPTION_KEY: Buffer.alloc(32, 6).toString("base64") };
const UNKNOWN = "019a8e5c-7f00-7c4e-9d1a-3f1c2b4a5d6e";

await onEveryBackend(t, async (t, backend) => {
  const env = { ...backend, ...KEK };
  const app = await testApp(t, env);
  const [client, other] = [await app.register(), await app.register()];
  const statuses = async (...tokens: string[]): Promise<number[]> =>
    (await Promise.all(tokens.map((token) => app.userinfo(token)))).map(({ status }) => status);
  const revoke = (...args: string[]) => cli(["revoke", ...args], env);

  await t.test("--sub ends every token of a subject, whoever minted it, and no later one", async (t) => {
    const alices = [await app.mint({ sub: "alice" }, client), await app.mint({ sub: "alice" }, other)];
    const bobs = await app.mint({ sub: "bob" }, client);
    t.strictSame(await statuses(...alices, bobs), [200, 200, 200]);
    t.strictSame(await revoke("--sub", "alice"),
      { code: 0, stdout: "Every token of alice that was issued until now is revoked\n", stderr: "" });
    t.strictSame(await statuses(...alices, bobs), [401, 401, 200]);
    t.strictSame(await statuses(await app.mint({ sub: "alice" }, client)), [200]);
  });

  await t.test("--sub takes subjects of logins too, for which no client may mint", async (t) => {
    const login = await app.fastify.tokens.claimsOfLogin(await app.fastify.clients.read(client.client_id),
      { sub: "google|1", provider: "google" });
    const { access_token: token } = await app.fastify.tokens.sign(login);
    t.strictSame(await statuses(token), [200]);
    t.match(await revoke("--sub", "google|1"), { code: 0, stderr: "" });
    t.strictSame(await statuses(token), [401]);
  });

  await t.test("--jti ends one token, for as long as any token lives", async (t) => {
    const [one, sibling] = [await app.mint({ sub: "carol" }, client), await app.mint({ sub: "carol" }, client)];
    const jti = decodeJwt(one).jti as string;
    const before = Date.now();
    t.strictSame(await revoke("--jti", jti), { code: 0, stdout: `The token ${jti} is revoked\n`, stderr: "" });
    t.strictSame(await statuses(one, sibling), [401, 200]);
    t.match(await revoke("--jti", jti), { code: 0 }, "repeating it is no error");
    const [entry] = await app.fastify.database.revocations.find([{ scope: "jti", value: jti }]);
    const longest = app.fastify.keys.longestTtl * 1000;
    t.ok(entry !== undefined && entry.expiresAt >= before + longest, "its expiry is unknown");
    if (backend.REDIS_URL !== undefined) t.ok(await app.fastify.redis.ttl(`revoked:${jti}`) > longest / 1000 - 60);
  });

  await t.test("--client ends every token of a client, and no later one", async (t) => {
    const [mine, theirs] = [await app.mint({ sub: "dave" }, client), await app.mint({ sub: "dave" }, other)];
    t.strictSame(await revoke("--client", client.client_id.toUpperCase()),
      { code: 0, stdout: `Every token of ${client.client_id} that was issued until now is revoked\n`, stderr: "" });
    t.strictSame(await statuses(mine, theirs), [401, 200]);
    t.strictSame(await statuses(await app.mint({ sub: "dave" }, client)), [200]);
  });

  await t.test("--sub with --client ends what a client was issued for a subject", async (t) => {
    const [mine, theirs] = [await app.mint({ sub: "frank" }, client), await app.mint({ sub: "frank" }, other)];
    const stdout = `Every token of frank from ${client.client_id} that was issued until now is revoked\n`;
    t.strictSame(await revoke("--sub", "frank", "--client", client.client_id), { code: 0, stdout, stderr: "" });
    t.strictSame(await statuses(mine, theirs), [401, 200]);
  });

  await t.test("--sid ends every token of a session, with --client those that it was issued", async (t) => {
    const sid = "a session: 1";
    const [mine, theirs, none] = [await app.mint({ sub: "heidi", sid }, client),
      await app.mint({ sub: "heidi", sid }, other), await app.mint({ sub: "heidi" }, client)];
    t.strictSame(await revoke("--sid", sid, "--client", client.client_id), {
      code: 0, stderr: "",
      stdout: `Every token of the session ${sid} from ${client.client_id} that was issued until now is revoked\n`,
    });
    t.strictSame(await statuses(mine, theirs, none), [401, 200, 200]);
    t.strictSame(await revoke("--sid", sid),
      { code: 0, stdout: `Every token of the session ${sid} that was issued until now is revoked\n`, stderr: "" });
    t.strictSame(await statuses(theirs, none), [401, 200]);
    t.strictSame(await statuses(await app.mint({ sub: "heidi", sid }, client)), [200]);
  });

  await t.test("--token ends one token, and its status list shows it", async (t) => {
    const { fastify } = app;
    const patch = { policy: { status_list: true } };
    await app.call("PATCH", `/clients/${client.client_id}`, { headers: OPERATOR, payload: patch });
    const [one, sibling] = [await app.mint({ sub: "grace" }, client), await app.mint({ sub: "grace" }, client)];
    const { jti, status } = decodeJwt(one) as { jti: string; status: { status_list: { idx: number; uri: string } } };
    t.strictSame(await revoke("--token", one), { code: 0, stdout: `The token ${jti} is revoked\n`, stderr: "" });
    t.strictSame(await statuses(one, sibling), [401, 200]);
    const { idx, uri } = status.status_list;
    t.strictSame(await fastify.database.statusLists.revoked(uri.slice(uri.lastIndexOf("/") + 1)), [idx]);
    t.match(await revoke("--token", "x"), { code: 1, stderr: /^token can't be revoked, because no service accepts/ });
  });

  for (const command of [["revoke", "--key"], ["keys", "revoke"]]) {
    await t.test(`${command.join(" ")} asks before it revokes the active key`, async (t) => {
      const token = await app.mint({ sub: "erin" }, client);
      const { kid } = decodeProtectedHeader(token) as { kid: string };
      const keys = async () => (await cli(["keys", "list"], env)).stdout;
      const before = await keys();
      const question = `${kid} is the active key. Revoke it, and end every token that it ever signed?`;
      t.strictSame(await cli([...command, kid], env),
        { code: 1, stdout: "", stderr: `${question} There is no terminal to ask on: confirm with --yes\n` });
      const refused = await cli([...command, kid], env, "no\n");
      t.strictSame(refused, { code: 1, stdout: "", stderr: `${question} [y/N] Cancelled: nothing was changed\n` });
      t.equal(await keys(), before);
      t.strictSame(await statuses(token), [200]);

      const { code, stdout } = await cli([...command, kid, "--yes"], env);
      t.equal(code, 0);
      t.match(stdout, /^\S+ {2}RS256 {2}active .*\n$/);
      t.notMatch(stdout, kid);
      t.strictSame(await statuses(token), [401]);

      t.equal((await cli(["keys", "rotate"], env)).code, 0);
      const [active, staged] = (await keys()).split("\n").map((line) => line.split(" ", 1)[0] as string);
      const unasked = await cli([...command, staged as string], env);
      t.match(unasked, { code: 0, stdout: new RegExp(`^${active} .*\n$`), stderr: "" }, "a key that does not sign");
    });
  }
});

await t.test("exactly one kind of tokens is named, and one that there can be", async (t) => {
  const env = { DATABASE_URL: await migratedSqlite(t) };
  const MISTAKES: [args: string[], says: RegExp][] = [
    [[], new RegExp("^error: --sub or --sid is needed, alone or with --client; or exactly one of --client, --token, " +
      "--jti and --key\n\nUsage: authflow ")],
    [["--sub", "alice", "--jti", "x"], /^error: --sub or --sid is needed, .*\n\nUsage: /],
    [["--sid", "x", "--token", "x"], /^error: --sub or --sid is needed/],
    [["--client", UNKNOWN, "--key", "x"], /^error: --sub or --sid is needed/],
    [["--sub", "alice", "--sid", "x"], /^sub and sid can't be combined: name either the subject or the session/],
    [["--sid", ""], /--sid .*must not be empty/],
    [["--sid", "a\u202e"], /^sid must not hold control characters or bidirectional overrides/],
    [["--token", ""], /--token .*must not be empty/],
    [["--sub", ""], /--sub .*must not be empty/],
    [["--sub", "a\u0000"], /^sub must not hold control characters/],
    [["--jti", ""], /--jti .*must not be empty/],
    [["--jti", "a\nb"], /^jti must not hold control characters/],
    [["--client", "my-app"], /--client .*must be a client_id, which is a UUID: see .*\n\nUsage: authflow revoke /],
    [["--key", UNKNOWN], /^There is no signing key with this kid/],
    [["--key", UNKNOWN, "--yes"], /^There is no signing key with this kid/],
  ];
  for (const [args, says] of MISTAKES) {
    await t.test(JSON.stringify(args), async (t) => {
      t.match(await cli(["revoke", ...args], env), { code: 1, stdout: "", stderr: says });
    });
  }
});
