import { chmodSync, chownSync, copyFileSync } from "node:fs";
import { join } from "node:path";
import t from "../support/tap.js";
import { certificates } from "../support/certificates.js";
import { cli } from "../support/cli.js";
import { account, privatePostgres } from "../support/private-postgres.js";
import { replica } from "./replica.js";

await t.test("a PostgreSQL whose certificate a private authority signed", async (t) => {
  const [postgres, files] = [await privatePostgres(t), certificates(t)];
  if (postgres === undefined || files === undefined) return;
  const { uid, gid } = (process.getuid?.() === 0 && account("postgres")) || {};
  for (const [name, from] of [["cert", files.server.cert], ["key", files.server.key]] as const) {
    const path = join(postgres.folder, `server.${name}`);
    copyFileSync(from, path);
    chmodSync(path, 0o600);
    if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid);
    await postgres.sql(`ALTER SYSTEM SET ssl_${name}_file = '${path}'`);
  }
  t.match(await cli(["keys", "list"], { DATABASE_URL: `${postgres.url}?sslmode=verify-full` }),
    { code: 1, stderr: /does not support SSL connections: let it, or set sslmode=disable in DATABASE_URL/ });
  await postgres.sql("ALTER SYSTEM SET ssl = on");
  await postgres.restart();

  const DATABASE_URL = `${postgres.url}?sslmode=verify-full&sslrootcert=${files.ca}`;
  const { service } = await replica(t, { DATABASE_URL });
  const token = await service.token(await service.register());
  t.equal((await service.logout(token)).status, 200);
  t.equal((await service.userinfo(token)).status, 401);
  const AUTHFLOW_PUBLIC_URL = "http://localhost:1";
  t.match(await cli(["doctor"], { AUTHFLOW_PUBLIC_URL, DATABASE_URL }),
    { stdout: / {2}ok {3}PostgreSQL answers and is up to date/ });

  const untrusted = /certificate.*: add sslmode=verify-full&sslrootcert=.* to DATABASE_URL/;
  for (const [parameters, fault] of [
    ["sslmode=require", untrusted],
    [`sslmode=verify-full&sslrootcert=${files.otherCa}`, untrusted],
  ] as const) {
    const env = { AUTHFLOW_PUBLIC_URL, DATABASE_URL: `${postgres.url}?${parameters}` };
    t.match(await cli(["doctor"], env), { code: 1, stdout: fault });
    t.match(await cli(["keys", "list"], env), { code: 1, stderr: fault });
  }
});
