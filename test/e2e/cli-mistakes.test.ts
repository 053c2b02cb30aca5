import t from "../support/tap.js";
import { cli } from "../support/cli.js";
import { sqlite } from "../support/services.js";
import type { Credentials } from "./support.js";

const HYPHENED = "-y2Cdn_8FEKd3prOpWjWNoNYh_VpN_Dchw_E92ueRgc";
const UNKNOWN = "019a8e5c-7f00-7c4e-9d1a-3f1c2b4a5d6e";
const STACK = /\n +at |node:internal/;

const UNREACHABLE = { DATABASE_URL: "postgres://authflow:a-password@127.0.0.1:1/x" };

await t.test("a usage error is followed by the help of its command, on standard error", async (t) => {
  const MISTAKES: [args: string[], usage: string][] = [
    [["nonsense"], "authflow [options] [command]"],
    [["--nonsense"], "authflow [options] [command]"],
    [["clients", "nonsense"], "authflow clients [options] [command]"],
    [["clients", "add"], "authflow clients add [options] <name> [redirect-uris...]"],
    [["clients", "permissions", UNKNOWN, "admin"], "authflow clients permissions [options] <client-id> [permissions"],
    [["clients", "show"], "authflow clients show [options] <client-id>"],
    [["clients", "add", "app", "https://a.example/", "--response-types", "all"], "authflow clients add [options] "],
    [["mint", "alice"], "authflow mint [options] <sub>"],
    [["keys", "list", "--yaml"], "authflow keys list [options]"],
    [["keys", "list", "all"], "authflow keys list [options]"],
  ];
  for (const [args, usage] of MISTAKES) {
    await t.test(JSON.stringify(args), async (t) => {
      const { code, stdout, stderr } = await cli(args);
      t.strictSame({ code, stdout }, { code: 1, stdout: "" });
      const [mistake, empty, help] = stderr.split("\n", 3);
      t.match(mistake, /^error: /);
      t.equal(empty, "");
      t.match(help, `Usage: ${usage}`);
    });
  }
  t.match(await cli(["clients"]), { code: 1, stdout: "", stderr: /^Usage: authflow clients / }, "without a command");
});

await t.test("each mistake is answered on standard error, with exit code 1 and no stack trace", async (t) => {
  const env = { DATABASE_URL: sqlite(t) };
  const added = await cli(["clients", "add", "app", "https://a.example/cb"], env);
  const client = JSON.parse(added.stdout) as Credentials;
  const MISTAKES: [args: string[], says: RegExp, env?: Record<string, string>][] = [
    [["clients", "disable", UNKNOWN], /There is no client with this client_id/],
    [["clients", "enable", "not-an-id"], /There is no client with this client_id/],
    [["clients", "show", UNKNOWN], /There is no client with this client_id/],
    [["clients", "policy", UNKNOWN, "--set", '{"max_ttl":1}'], /There is no client with this client_id/],
    [["clients", "add", "Al's app"], /redirect URI: authflow clients add 'Al'\\''s app' https:.*--permissions mint$/m],
    [["clients", "add", "app", "--permissions", "feed,login"], /redirect URI: authflow clients add app https:/],
    [["clients", "add", "app", "--permissions", "mint,feeds"], /invalid\. "feeds" is not one of mint, login, /],
    [["clients", "add", "app", "--permissions", ","], /invalid\. "," is not one of mint, login, /],
    [["clients", "permissions", UNKNOWN, "feed"], /There is no client with this client_id/],
    [["clients", "redirect-uris", UNKNOWN], /There is no client with this client_id/],
    [["clients", "delete", UNKNOWN, "--yes"], /There is no client with this client_id/],
    // One key in 64 has an id like this one: it is no option.
    [["keys", "revoke", HYPHENED, "--yes"], /There is no signing key with this kid/],
    [["keys", "revoke", "--", HYPHENED], /There is no signing key with this kid/],
    [["revoke", "--key", HYPHENED], /There is no signing key with this kid/],
    [["clients", "rotate-secret", client.client_id, "--overlap", "1h"], /--overlap .*must be whole seconds/],
    [["clients", "add", "app", "http://a.example/cb"], /redirect_uri must use https/],
    [["clients", "add", "a\nb", "https://a.example/cb"], /name must be printable/],
    [["mint", "alice"], /required option '--client <client-id>' not specified/],
    [["mint", "alice", "--client", client.client_id, "--claims", "[1]"], /--claims .*must be a JSON object/],
    [["mint", "alice", "--client", client.client_id, "--claims", '{"iss":"me"}'], /claims\.iss is a reserved name/],
    [["mint", "alice", "--client", client.client_id, "--expires-in", "999999"], /expires_in must be at most 86400/],
    [["nonsense"], /unknown command 'nonsense'/],
    [["migrate"], /DATABASE_URL must be file:<path> or postgres/, { DATABASE_URL: "mysql://x" }],
    [["clients", "list"], /DATABASE_URL.*ECONNREFUSED/, UNREACHABLE],
    [["migrate"], /DATABASE_URL.*ECONNREFUSED/, UNREACHABLE],
  ];
  for (const [args, says, settings] of MISTAKES) {
    await t.test(JSON.stringify(args), async (t) => {
      const { code, stdout, stderr } = await cli(args, { ...env, ...settings });
      t.equal(code, 1);
      t.equal(stdout, "");
      t.match(stderr, says);
      t.notMatch(stderr, STACK);
      t.notMatch(stderr, /a-password/);
      if (settings === undefined) t.notMatch(stderr, /could not start/, "what failed is the command, not a start");
    });
  }
});
