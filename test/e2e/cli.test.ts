import { readdirSync } from "node:fs";
import { dirname } from "node:path";
import { decodeJwt } from "jose";
import t from "../support/tap.js";
import { cli } from "../support/cli.js";
import { startServer } from "../support/process.js";
import { sqlite } from "../support/services.js";
import { at, type Credentials, ISSUER } from "./support.js";

await t.test("a command that reads, or ends what is there, neither makes nor migrates a database", async (t) => {
  const DATABASE_URL = sqlite(t);
  const path = DATABASE_URL.slice("file:".length);
  const id = "01890a5d-ac96-774b-bcce-b302099a8057";
  const reading = [
    ["clients", "list"], ["clients", "show", id], ["clients", "policy", id], ["clients", "redirect-uris", id],
    ["clients", "permissions", id], ["keys", "list"],
  ];
  // In a new database, they would say that something ended, and nothing did.
  const ending = [["revoke", "--sub", "alice"], ["keys", "revoke", "a-kid", "--yes"], ["restored", "--yes"]];
  for (const args of [...reading, ...ending]) {
    const { code, stderr } = await cli(args, { DATABASE_URL });
    t.equal(code, 1);
    t.match(stderr, /DATABASE_URL.* lacks \d+ migrations, and this command applies none: .* authflow migrate\n$/);
  }
  t.strictSame(readdirSync(dirname(path)), []);
});

await t.test("each command prints its result, and nothing else, to standard output", async (t) => {
  const env = { DATABASE_URL: sqlite(t), LOG_LEVEL: "trace" };
  const works = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await cli(args, env);
    t.match({ code, stderr }, { code: 0, stderr: /^(\{.*"msg":"command"\}\n)?$/ }, args.join(" "));
    return stdout;
  };
  t.match(await works("migrate"), /^(applied \d{14}_\w+\n)+$/);
  t.equal(await works("migrate"), "The database is up to date\n");
  t.equal(await works("clients", "list"), "");
  t.equal(await works("clients", "list", "--json"), "[]\n");

  const redirectUris = ["https://a.example/cb", "https://b.example/cb"];
  const added = JSON.parse(await works("clients", "add", "my app", ...redirectUris)) as Credentials;
  t.match(added, { name: "my app", redirect_uris: redirectUris, client_secret: /^authflow_secret_/ });
  const id = added.client_id;
  t.equal(await works("clients", "list"), `${id}  enabled   1 secret  my app\n`);
  const listed = await works("clients", "list", "--json");
  const [client, ...others] = JSON.parse(listed) as object[];
  t.match(client, { client_id: id, name: "my app", disabled: false });
  t.strictSame(others, []);
  t.notMatch(listed.replaceAll("client_secret_basic", ""), /secret|hash/i);
  t.strictSame(JSON.parse(await works("clients", "show", id)), client, "show prints what the list holds");

  const spa = JSON.parse(await works("clients", "add", "my page", "https://spa.example/cb", "--public")) as Credentials;
  t.strictSame(spa, {
    client_id: spa.client_id, name: "my page", client_name: "my page", redirect_uris: ["https://spa.example/cb"],
    token_endpoint_auth_method: "none", grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"], permissions: ["login"],
  }, "a public client gets no secret");
  const both = ["--response-types", "code", "token"];
  const third = JSON.parse(await works("clients", "add", "c", "https://c.example/", ...both)) as Credentials;
  t.match(third, { response_types: ["code", "token"] });
  t.match(await works("clients", "list"), `${spa.client_id}  enabled   public    my page\n`);

  const token = await works("mint", "alice", "--client", id, "--email", "a@b.example", "--provider", "sso",
    "--audience", "x", "y", "--claims", '{"roles":["editor"]}', "--expires-in", "900");
  const claims = decodeJwt(token.trimEnd());
  t.match(claims, { iss: ISSUER, sub: "alice", email: "a@b.example", provider: "sso", client_id: id });
  t.match(claims, { aud: ["x", "y"], roles: ["editor"], exp: (claims.iat ?? 0) + 900 });
  t.equal(token, `${token.trimEnd()}\n`, "a token and a line end");

  const [key] = JSON.parse(await works("keys", "list", "--json")) as { kid: string; state: string }[];
  t.match(key, { state: "active", algorithm: "RS256" });
  t.match(await works("keys", "list"), new RegExp(`^${key?.kid}  RS256  active   \\d{4}-.*Z\n$`));

  const rotated = JSON.parse(await works("clients", "rotate-secret", id, "--overlap", "0")) as Credentials;
  t.not(rotated.client_secret, added.client_secret);
  t.match(await works("clients", "disable", id), /^my app \(.*\) is disabled/);
  t.match(await works("clients", "list"), `${id}  disabled  1 secret  my app\n`);
  const refused = await cli(["mint", "alice", "--client", id], env);
  t.match(refused, { code: 1, stdout: "", stderr: /^This client is disabled: authflow clients enable/ });
  t.match(await works("clients", "enable", id), /is enabled\n$/);

  const service = at((await startServer(t, env)).url);
  t.equal((await service.userinfo(token.trimEnd())).status, 200, "the service knows what the command line minted");
  t.equal((await service.mint(added)).status, 401, "and that the first secret was replaced");
  t.equal((await service.mint(rotated)).status, 200);
});

await t.test("help names every command, and each explains itself", async (t) => {
  const { code, stdout } = await cli(["--help"]);
  t.equal(code, 0);
  for (const command of ["serve", "migrate", "clients", "mint", "revoke", "keys", "doctor"]) {
    t.match(stdout, new RegExp(`\n  ${command} `));
  }
  for (const command of ["clients", "mint", "keys", "revoke", "doctor"]) {
    const page = await cli([command, "--help"]);
    t.match(page, { code: 0, stdout: new RegExp(`^Usage: authflow ${command}`), stderr: "" });
    t.strictSame(await cli(["help", command]), page, "in both ways");
  }
});
