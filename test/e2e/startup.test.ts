import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import t, { type Test } from "../support/tap.js";
import { CLI, type Finished, run, SERVER, startServer } from "../support/process.js";
import { ownedPostgres } from "../support/roles.js";
import { postgres, sqlite, temporaryFolder } from "../support/services.js";
import { rowsOf } from "../support/sql.js";

/** The start was refused, in words for people. */
function refused(t: Test, { code, stdout, stderr }: Finished, ...patterns: RegExp[]): void {
  t.equal(code, 1);
  for (const pattern of patterns) t.match(stderr, pattern);
  t.notMatch(stdout + stderr, /\n +at |node:internal|\[object/, "no stack trace");
}

await t.test("a start with bad settings names all their faults in one message", async (t) => {
  const env = {
    DATABASE_URL: "mysql://root:a-password@db/x", PORT: "99999", LOG_LEVEL: "loud", AUTHFLOW_TOKEN_TTL: "soon",
    AUTHFLOW_ADMIN_TOKEN: "a-weak-one", AUTHFLOW_PUBLIC_URL: "http://auth.example",
    AUTHFLOW_TOKN_TTL_MAX: "1h",
  };
  for (const [program, args] of [[SERVER, []], [CLI, ["serve"]]] as const) {
    const finished = await run(program, [...args], env);
    refused(t, finished, /^Authflow can't start with these settings:\n/, /PORT must be/, /DATABASE_URL must be/,
      /LOG_LEVEL must be/, /AUTHFLOW_TOKEN_TTL must be/, /AUTHFLOW_ADMIN_TOKEN must be/,
      /AUTHFLOW_PUBLIC_URL must begin with https/, /AUTHFLOW_KEY_ENCRYPTION_KEY must be set/,
      /AUTHFLOW_REGISTRATION_TOKEN must be set/,
      /AUTHFLOW_TOKN_TTL_MAX is not a setting: did you mean AUTHFLOW_TOKEN_TTL_MAX\?/);
    t.notMatch(finished.stderr, /a-password|a-weak-one/, "no secret is repeated");
  }
});

await t.test("a database that can't be reached is named by its setting, without its password", async (t) => {
  const finished = await run(SERVER, [], { DATABASE_URL: "postgres://authflow:a-password@127.0.0.1:1/authflow" });
  refused(t, finished, /^Authflow could not start: .*DATABASE_URL.*ECONNREFUSED/);
  t.notMatch(finished.stdout + finished.stderr, /a-password/);
});

await t.test("what the database's server says about a start that fails is repeated", async (t) => {
  const url = await postgres(t);
  if (url === undefined) return;
  const DATABASE_URL = new URL(url);
  DATABASE_URL.pathname = "/nowhere-at-all";
  refused(t, await run(SERVER, [], { DATABASE_URL: DATABASE_URL.href }),
    /^Authflow could not start: .*DATABASE_URL.*database "nowhere-at-all" does not exist/);
});

await t.test("what the database itself says about a start or a command that fails later is repeated", async (t) => {
  const url = await ownedPostgres(t);
  if (url === undefined) return;
  const env = { DATABASE_URL: url };
  t.equal((await run(CLI, ["migrate"], env)).code, 0);
  const { username } = new URL(url);
  await rowsOf(url, `REVOKE INSERT ON revocation_log FROM ${username}`);
  refused(t, await run(CLI, ["revoke", "--jti", "a"], env), /permission denied for table revocation_log/);
  await rowsOf(url, `REVOKE SELECT ON signing_keys FROM ${username}`);
  refused(t, await run(SERVER, [], env), /permission denied for table signing_keys/);
});

await t.test("a data folder that is a file, or that holds a damaged key, is named", async (t) => {
  const folder = temporaryFolder(t);
  const start = (...path: string[]) => run(SERVER, [], { DATABASE_URL: `file:${join(folder, ...path)}` });
  writeFileSync(join(folder, "data"), "");
  refused(t, await start("data", "authflow.db"), /DATABASE_URL/, new RegExp(join(folder, "data")));

  mkdirSync(join(folder, "damaged"));
  writeFileSync(join(folder, "damaged", "key-encryption.key"), "too short");
  refused(t, await start("damaged", "authflow.db"), /key-encryption\.key does not hold 32 bytes/);

  writeFileSync(join(folder, "not-a.db"), "this is a text of more than sixteen bytes, not a database");
  refused(t, await start("not-a.db"), /DATABASE_URL/, /not a database/);
});

await t.test("an address that can't be had is named by the setting to change", async (t) => {
  const occupant = createServer().listen(0, "127.0.0.1");
  t.teardown(() => { occupant.close(); });
  await once(occupant, "listening");
  const port = String((occupant.address() as AddressInfo).port);
  const DATABASE_URL = sqlite(t);
  refused(t, await run(SERVER, [], { DATABASE_URL, HOST: "127.0.0.1", PORT: port }),
    new RegExp(`^Authflow can't start .*\n` +
      `  - PORT ${port} is in use on 127\\.0\\.0\\.1 \\(EADDRINUSE\\): .*another PORT`));
  // RFC 5737: addresses for documents, which no machine has.
  refused(t, await run(SERVER, [], { DATABASE_URL, HOST: "192.0.2.1" }),
    /^Authflow can't start .*\n {2}- HOST 192\.0\.2\.1 is not an address of this machine \(EADDRNOTAVAIL\): set HOST/);
});

await t.test("an imported key that can't sign is refused", async (t) => {
  const notAKey = "-----BEGIN PRIVATE KEY-----\nbm8ga2V5\n-----END PRIVATE KEY-----";
  const finished = await run(SERVER, [], { DATABASE_URL: sqlite(t), AUTHFLOW_SIGNING_KEY: notAKey });
  refused(t, finished, /not a readable, unencrypted PEM private key/);
});

await t.test("the server starts by a path with a symbolic link in it", async (t) => {
  const folder = temporaryFolder(t);
  symlinkSync(join(SERVER, "../../.."), join(folder, "current"));
  const finished = await run(join(folder, "current/dist/src/server.js"), [], { PORT: "nowhere" });
  t.equal(finished.code, 1, "it did try to start");
  t.match(finished.stderr, /PORT must be/);
});

await t.test("without any setting but a port, it starts and makes its data folder for this user alone", async (t) => {
  const folder = temporaryFolder(t);
  const server = await startServer(t, { CWD: folder });
  const files = readdirSync(join(folder, "data")).filter((name) => !/-(wal|shm)$/.test(name));
  t.same(files, ["authflow.db", "key-encryption.key"]);
  t.equal(statSync(join(folder, "data")).mode & 0o777, 0o700);
  // It answers as soon as it listens, and says where the documents are right after.
  while (!/documentation: http:\/\/localhost:\d+\/docs/.test(server.output())) await sleep(10);
});

await t.test("a warning is logged if other machines can reach an open registration", async (t) => {
  const heard = async (env: Record<string, string>): Promise<string> => {
    const server = await startServer(t, { DATABASE_URL: sqlite(t), ...env });
    while (!server.output().includes("documentation:")) await sleep(10);
    return server.output();
  };
  t.match(await heard({ HOST: "0.0.0.0", AUTHFLOW_REGISTRATION: "open" }),
    /"level":40.*Anyone who reaches 0\.0\.0\.0:\d+ can register/);
  t.match(await heard({ HOST: "0.0.0.0" }),
    /"level":40.*Registration is closed, because others may reach 0\.0\.0\.0:\d+.*AUTHFLOW_REGISTRATION=open/);
  const open = {
    AUTHFLOW_PUBLIC_URL: "https://id.example.com", AUTHFLOW_REGISTRATION: "open",
    AUTHFLOW_SELF_REGISTERED_SCOPES: "mcp:tools",
    AUTHFLOW_KEY_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString("base64"),
  };
  t.match(await heard({ HOST: "127.0.0.1", ...open }), /"level":40.*Registration is open to everybody/);
  t.notMatch(await heard({ HOST: "127.0.0.1" }), /Anyone who reaches|Registration is/);
});

await t.test("a start on SQLite loads nothing that only other settings or later requests need", async (t) => {
  const NODE_V8_COVERAGE = temporaryFolder(t);
  const server = await startServer(t, { DATABASE_URL: sqlite(t), NODE_V8_COVERAGE });
  t.equal(await server.stop(), 0);
  const loaded = packagesThatRan(NODE_V8_COVERAGE);
  t.ok(loaded.includes("fastify") && loaded.includes("libsql"), "the list holds what is loaded");
  const late = ["pg", "ioredis", "@fastify/redis", "@fastify/swagger", "@fastify/swagger-ui", "yaml", "ajv",
    "@fastify/fast-json-stringify-compiler", "@fastify/oauth2", "jose"];
  t.same(late.filter((name) => loaded.includes(name)), []);
});

/** The packages of which a process ran code, by what V8 wrote in `folder`, and by esbuild's comments in the bundle. */
function packagesThatRan(folder: string): string[] {
  interface Coverage { result: { url: string; functions: { functionName: string; ranges: { count: number }[] }[] }[] }
  const modules = readdirSync(folder).flatMap((name) => {
    const { result } = JSON.parse(readFileSync(join(folder, name), "utf8")) as Coverage;
    return result.filter(({ url }) => url.startsWith("file:")).flatMap(({ url, functions }) => {
      const source = readFileSync(fileURLToPath(url), "utf8");
      // An ES module runs when its file is loaded; a CommonJS one is a function named after its path.
      const esModules = source.matchAll(/^\/\/ (node_modules\/.*)\n(?!var require_\w+ = __commonJS)/gm);
      const called = functions.filter(({ ranges: [whole] }) => (whole?.count ?? 0) > 0);
      return [...[...esModules].map(([, path = ""]) => path), ...called.map(({ functionName }) => functionName), url];
    });
  });
  return [...new Set(modules.flatMap((path) => /.*node_modules\/((@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []))];
}
