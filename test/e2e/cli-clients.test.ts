import t, { type Test } from "../support/tap.js";
import { PERMISSIVE } from "../../src/clients/client.js";
import { openDatabase } from "../../src/stores/prisma/database.js";
import { aClient } from "../contracts/samples.js";
import { cli } from "../support/cli.js";
import { sqlite } from "../support/services.js";
import type { Credentials } from "./support.js";

await t.test("a list of more than one page is one array, or one line each", async (t) => {
  const env = { DATABASE_URL: sqlite(t) };
  t.equal((await cli(["migrate"], env)).code, 0);
  const database = await openDatabase(env.DATABASE_URL);
  const names = Array.from({ length: 201 }, (_, i) => `app ${i}`);
  for (const name of names) await database.clients.insert(aClient({ name }));
  await database.close();
  const { stdout } = await cli(["clients", "list", "--json"], env);
  t.strictSame((JSON.parse(stdout) as { name: string }[]).map(({ name }) => name), names);
  t.strictSame((await cli(["clients", "list"], env)).stdout.match(/app \d+(?=\n)/g), names);
});

await t.test("the redirect URIs of a client are printed and replaced", async (t) => {
  const { env, id } = await withClient(t);
  const uris = (...args: string[]) => cli(["clients", "redirect-uris", id, ...args], env);
  t.strictSame(await uris(), { code: 0, stdout: "https://a.example/cb\n", stderr: "" });
  const replaced = ["https://b.example/cb", "com.example.app:/cb"];
  t.match(await uris(...replaced), { code: 0, stdout: `${replaced.join("\n")}\n` });
  t.strictSame(JSON.parse((await uris("--json")).stdout), replaced);
  t.match(await uris("http://c.example/cb"), { code: 1, stdout: "", stderr: "redirect_uri must use https" });
  t.strictSame(JSON.parse((await uris("--json")).stdout), replaced, "an error changes nothing");
});

await t.test("the permissions of a client are printed and replaced, and one that only listens is added", async (t) => {
  const { env, id } = await withClient(t);
  const permissions = (...args: string[]) => cli(["clients", "permissions", id, ...args], env);
  const printed = (...lines: string[]) => ({ code: 0, stdout: lines.map((line) => `${line}\n`).join(""), stderr: "" });
  t.strictSame(await permissions(), printed("mint", "login", "introspect:own", "revoke:own"));
  t.strictSame(await permissions("introspect:any,", "login"), printed("login", "introspect:any"));
  t.strictSame(JSON.parse((await permissions("--json")).stdout), ["login", "introspect:any"]);
  t.match(await permissions("admin"), { code: 1, stdout: "", stderr: /invalid.* "admin" is not one of mint, login/ });
  t.strictSame(JSON.parse((await permissions("--json")).stdout), ["login", "introspect:any"]);

  const { code, stdout } = await cli(["clients", "add", "listener", "--permissions", "feed"], env);
  t.equal(code, 0);
  t.match(JSON.parse(stdout), { client_secret: String, redirect_uris: [], permissions: ["feed"] });
  const both = await cli(["clients", "add", "both", "--permissions", "feed,mint"], env);
  t.match(JSON.parse(both.stdout), { permissions: ["mint", "feed"] });
});

await t.test("the grants, the keys and the trust in a client are printed and changed", async (t) => {
  const { env, id } = await withClient(t);
  const clients = (...args: string[]) => cli(["clients", ...args], env);
  t.strictSame(await clients("grant-types", id),
    { code: 0, stdout: "authorization_code\nrefresh_token\nclient_credentials\n", stderr: "" });
  t.match(await clients("grant-types", id, "client_credentials"), { code: 0, stdout: "client_credentials\n" });
  t.strictSame(JSON.parse((await clients("grant-types", id, "--json")).stdout), ["client_credentials"]);
  t.match(await clients("trust", id), { code: 0, stdout: /is one of your own now/ });

  const key = { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" };
  const jwks = JSON.stringify({ keys: [key] });
  const added = await clients("add", "jobs", "--auth-method", "private_key_jwt", "--jwks", jwks,
    "--grant-types", "client_credentials");
  t.equal(added.code, 0, added.stderr);
  const client = JSON.parse(added.stdout) as { client_id: string };
  t.match(client, {
    token_endpoint_auth_method: "private_key_jwt", jwks: { keys: [key] }, grant_types: ["client_credentials"],
  });
  t.notOk("client_secret" in client);
  t.match((await clients("list")).stdout, /keys {6}jobs\n/);
  t.match(await clients("keys", client.client_id, "--jwks-uri", "https://a.example/jwks"),
    { code: 0, stdout: /"jwks_uri": "https:\/\/a.example\/jwks"/ });
  t.match(await clients("keys", client.client_id), { code: 1, stderr: /--jwks or --jwks-uri/ });
  t.match(await clients("keys", client.client_id, "--jwks", "{}"), { code: 1, stderr: /key set/ });
  t.match(await clients("add", "jobs", "https://a.example/", "--auth-method", "private_key_jwt"),
    { code: 1, stderr: /jwks or jwks_uri/ });
  t.match(await clients("add", "a", "https://a.example/", "--public", "--auth-method", "none"),
    { code: 1, stderr: /cannot be used with/ });
});

await t.test("the policy of a client is printed, changed by member, and checked as PATCH /clients does", async (t) => {
  const { env, id } = await withClient(t);
  const policy = (...args: string[]) => cli(["clients", "policy", id, ...args], env);
  const set = async (change: object) => {
    const { code, stdout } = await policy("--set", JSON.stringify(change));
    t.equal(code, 0);
    return JSON.parse(stdout) as object;
  };
  t.strictSame(JSON.parse((await policy()).stdout), PERMISSIVE);
  const limited = { ...PERMISSIVE, audiences: ["api"], max_ttl: 60 };
  t.strictSame(await set({ audiences: ["api"], max_ttl: 60 }), limited);
  t.strictSame(await set({ status_list: true }), { ...limited, status_list: true }, "the others stay");
  t.strictSame(await set({ status_list: null, max_ttl: null }), { ...limited, max_ttl: null }, "null removes a limit");
  const MISTAKES: [change: string, says: RegExp][] = [
    ['{"max_ttl":0}', /^policy\.max_ttl /],
    ['{"max_ttl":"60"}', /^policy\.max_ttl /],
    ['{"audiences":[""]}', /^policy\.audiences/],
    ['{"audience":["api"]}', /^Unknown field policy\.audience: did you mean audiences\?$/m],
    ['{"audiences":["a\\u0000"]}', /^policy\.audiences must hold printable texts/],
    ["[]", /--set .*must be a JSON object such as/],
    ["{", /--set .*must be a JSON object such as/],
  ];
  for (const [change, says] of MISTAKES) {
    await t.test(change, async (t) => {
      t.match(await policy("--set", change), { code: 1, stdout: "", stderr: says });
    });
  }
  t.strictSame(JSON.parse((await policy()).stdout), { ...limited, max_ttl: null }, "a mistake changes nothing");
});

await t.test("deleting a client takes a yes", async (t) => {
  const { env, id } = await withClient(t);
  const remove = (answer: string | undefined) => cli(["clients", "delete", id], env, answer);
  const question = `Delete app (${id}) permanently?`;
  t.strictSame(await remove(undefined),
    { code: 1, stdout: "", stderr: `${question} There is no terminal to ask on: confirm with --yes\n` });
  for (const answer of ["n\n", "\n", "", "yesterday\n"]) {
    t.strictSame(await remove(answer),
      { code: 1, stdout: "", stderr: `${question} [y/N] Cancelled: nothing was changed\n` }, JSON.stringify(answer));
  }
  t.equal((await cli(["clients", "show", id], env)).code, 0, "it is still there");
  t.match(await remove("y\n"), { code: 0, stdout: `app (${id}) is deleted`, stderr: `${question} [y/N] ` });
  t.match(await remove("y\n"), { code: 1, stdout: "", stderr: "There is no client with this client_id" });
  const other = await addClient(env);
  t.match(await cli(["clients", "delete", other, "--yes"], env), { code: 0, stdout: /is deleted/ });
  t.equal((await cli(["clients", "list"], env)).stdout, "");
});

await t.test("a command that changes something writes one line to the log, which names no person", async (t) => {
  const env = { DATABASE_URL: sqlite(t), LOG_LEVEL: "info" };
  const logged = async (args: string[], more = {}, answer?: string): Promise<object[]> =>
    (await cli(args, { ...env, ...more }, answer)).stderr.split("\n").slice(0, -1)
      .map((line) => JSON.parse(line) as object);
  const added = await cli(["clients", "add", "app", "https://a.example/cb", "--public"], env);
  const { client_id: id } = JSON.parse(added.stdout) as Credentials;
  t.match(JSON.parse(added.stderr), {
    level: 30, time: Number, pid: Number, hostname: String, msg: "command", command: "clients add", client_id: id,
    name: "app", redirect_uris: ["https://a.example/cb"], public: true, exit_code: 0,
  });
  const { client_id, client_secret } =
    JSON.parse((await cli(["clients", "add", "b", "https://b.example/"], env)).stdout) as Credentials;
  const CHANGES: [args: string[], line: object][] = [
    [["clients", "disable", id], { client_id: id }], [["clients", "enable", id], { client_id: id }],
    [["clients", "policy", id, "--set", '{"max_ttl":60}'], { client_id: id, set: { max_ttl: 60 } }],
    [["clients", "redirect-uris", id, "https://c.example/"], { client_id: id, redirect_uris: ["https://c.example/"] }],
    [["clients", "rotate-secret", client_id, "--overlap", "5"], { client_id, overlap: 5 }],
    [["mint", "carol", "--client", client_id, "--email", "carol@b.example"], { client: client_id }],
    [["revoke", "--sub", "carol"], {}], [["revoke", "--client", id], { client: id }],
    [["keys", "rotate"], {}], [["clients", "delete", id, "--yes"], { client_id: id }],
  ];
  for (const [args, line] of CHANGES) {
    const lines = await logged(args);
    t.match(lines, [{ command: new RegExp(`^${args[0]}`), msg: "command", ...line }], args.join(" "));
    t.equal(lines.length, 1);
    t.notMatch(JSON.stringify(lines), /carol/);
    t.notMatch(JSON.stringify(lines), client_secret);
  }
  for (const args of [["clients", "list"], ["clients", "show", client_id], ["clients", "policy", client_id],
    ["clients", "redirect-uris", client_id], ["keys", "list"]]) t.strictSame(await logged(args), [], args.join(" "));
  t.strictSame(await logged(["clients", "disable", client_id], { LOG_LEVEL: "warn" }), [], "as LOG_LEVEL says");
  t.strictSame(await logged(["clients", "disable", client_id], {}, ""), [], "nor at a terminal");
});

async function addClient(env: { DATABASE_URL: string }): Promise<string> {
  const { stdout } = await cli(["clients", "add", "app", "https://a.example/cb"], env);
  return (JSON.parse(stdout) as Credentials).client_id;
}

async function withClient(t: Test) {
  const env = { DATABASE_URL: sqlite(t) };
  return { env, id: await addClient(env) };
}
