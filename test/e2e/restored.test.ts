import { rmSync } from "node:fs";
import Sqlite from "libsql";
import t, { type Test } from "../support/tap.js";
import { cli } from "../support/cli.js";
import { testApp } from "../support/app.js";
import { FOREVER } from "../../src/revocation/entry.js";
import { migratedSqlite } from "../support/services.js";
import { replica } from "./replica.js";
import { ADMIN, asAdmin, type Credentials, until } from "./support.js";

interface Past { env: Record<string, string>; client: Credentials; token: string }

/** A service whose backup was restored: since the backup it revoked a token and its key, and disabled its client. */
async function restored(t: Test): Promise<Past> {
  const DATABASE_URL = await migratedSqlite(t);
  const path = DATABASE_URL.slice("file:".length);
  const env = { DATABASE_URL, AUTHFLOW_ADMIN_TOKEN: ADMIN };
  const before = await replica(t, env);
  const client = await before.service.register();
  const token = await before.service.token(client);
  const copy = new Sqlite(path);
  copy.exec(`VACUUM INTO '${path}.backup'`);
  copy.close();

  const [key] = await before.service.jwks();
  const change = async (method: string, at: string, body: object): Promise<void> => {
    t.equal((await before.service.ask(method, at, asAdmin, body)).status, 200);
  };
  t.equal((await before.service.logout(token)).status, 200);
  await change("POST", `/keys/${key?.kid}/revoke`, {});
  await change("PATCH", `/clients/${client.client_id}`, { disabled: true });
  await before.stop();

  for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
  const backup = new Sqlite(`${path}.backup`);
  backup.exec(`VACUUM INTO '${path}'`);
  backup.close();
  return { env, client, token };
}

await t.test("authflow restored ends every token and key of the backup, and lists the clients to check", async (t) => {
  const { env, client, token } = await restored(t);
  const danger = await replica(t, env);
  t.equal((await danger.service.userinfo(token)).status, 200, "the backup knows of no revocation");
  const [old] = await danger.service.jwks();
  const owner = await danger.fastify.clients.read(client.client_id);
  const { refreshTokens } = danger.fastify;
  const minted = await refreshTokens.mint(owner, { sub: "alice" });

  t.match(await cli(["restored"], env), { code: 1, stderr: /everybody has to log in again\? .*confirm with --yes/ });
  const { code, stdout } = await cli(["restored", "--yes"], env);
  t.equal(code, 0);
  t.match(stdout, /^Every token is ended\. 1 signing keys were revoked; \S+ signs now\n/);
  t.match(stdout, new RegExp(`${client.client_id}  enabled   changed .*  shop\n$`));

  await until("the running replica knows", async () => (await danger.service.userinfo(token)).status === 401);
  await until("it has another key, and only that one", async () => {
    const [present, ...others] = await danger.service.jwks();
    return present?.kid !== old?.kid && others.length === 0;
  });
  await t.rejects(refreshTokens.exchange(owner, minted.refresh_token ?? "", {}), { code: "invalid_grant" });
  t.equal((await danger.service.userinfo(await danger.service.token(client))).status, 200, "new tokens are fine");

  t.match(await cli(["restored", "--yes", "--disable-clients"], env),
    { code: 0, stdout: new RegExp(`\n1 clients are disabled.*\n[^]*${client.client_id}  disabled  changed`) });
  await until("the client may not mint", async () => (await danger.service.mint(client)).status === 401);
});

await t.test("a revoked key that a backup brings back leaves again, if the log has its revocation", async (t) => {
  const app = await testApp(t);
  const { kid } = app.fastify.keys.signer;
  // As a replica or Redis, which knew it, appends what the log has lost.
  await app.fastify.database.revocations.append(
    [{ scope: "kid", value: kid, issuedBefore: FOREVER, expiresAt: FOREVER }]);
  await until("another key signs", () => app.fastify.keys.signer.kid !== kid);
  t.notOk(app.fastify.keys.verificationKey(kid));
  t.equal((await app.userinfo(await app.mint())).status, 200);
  await until("the log says so", () => app.logs.some((line) => line.includes("Run authflow restored")));
  t.ok((await app.fastify.database.keys.former()).some((key) => key.kid === kid && key.revokedAt !== null));
});
