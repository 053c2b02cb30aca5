import { generateKeyPairSync } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { NetworkInterfaceInfo } from "node:os";
import t from "../../support/tap.js";
import { ConfigError } from "../../../src/config/config.js";
import { anyAddress } from "../../../src/config/host.js";
import { loadConfig } from "../../../src/config/load.js";
import { ROOT } from "../../support/root.js";
import { temporaryFolder } from "../../support/services.js";

const KEK = Buffer.alloc(32, 7).toString("base64");
const TOKEN = "0123456789abcdef0123456789abcdef";
const PUBLIC = { AUTHFLOW_PUBLIC_URL: "https://id.example.com", AUTHFLOW_KEY_ENCRYPTION_KEY: KEK,
  AUTHFLOW_REGISTRATION_TOKEN: TOKEN };
const PEM = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "pem",
  type: "pkcs8" }).toString();

const faults = (env: Record<string, string>): readonly string[] => {
  try {
    loadConfig(env);
    return [];
  } catch (error) {
    return (error as ConfigError).faults;
  }
};

await t.test("without any setting it is a service on localhost for development", async (t) => {
  t.match(loadConfig({}), {
    publicUrl: "http://localhost:8080", loopback: true, host: "localhost", port: 8080, issuer: "authflow-go",
      databaseUrl: "file:./data/authflow.db",
    dataDir: "./data", redisUrl: undefined, tokenTtl: 3600, tokenTtlMax: 86_400, registration: "open",
      adminToken: undefined,
    keyEncryptionKey: undefined, signingKey: undefined, keyRotation: 7_776_000, verifierCache: 3600,
    trustProxy: false, logLevel: "info",
  });
  t.ok(Object.isFrozen(loadConfig({})));
});

await t.test("registration is open only where nobody but this machine reaches the service", async (t) => {
  for (const HOST of ["localhost", "127.0.0.1", "::1", "[::1]"])
    t.equal(loadConfig({ HOST }).registration, "open", HOST);
  for (const HOST of ["0.0.0.0", "::", "192.168.0.7", "host.example"]) {
    t.equal(loadConfig({ HOST }).registration, "closed", HOST);
    t.equal(loadConfig({ HOST, AUTHFLOW_REGISTRATION_TOKEN: TOKEN }).registration, "token", HOST);
    t.equal(loadConfig({ HOST, AUTHFLOW_REGISTRATION: "open" }).registration, "open", "by the operator's own decision");
  }
});

await t.test("on a public URL it listens everywhere and wants a registration token", async (t) => {
  t.match(loadConfig(PUBLIC), { loopback: false, host: "0.0.0.0", registration: "token", registrationToken: TOKEN,
    keyEncryptionKey: Buffer.alloc(32, 7) });
});

await t.test("on a public URL registration is open only beside what such clients may request", async (t) => {
  const open = { ...PUBLIC, AUTHFLOW_REGISTRATION: "open" };
  t.match(faults(open), [/^AUTHFLOW_REGISTRATION must be token or closed on a public URL.*AUTHFLOW_SELF_REGISTERED/]);
  for (const said of [{ AUTHFLOW_SELF_REGISTERED_SCOPES: "openid" },
    { AUTHFLOW_SELF_REGISTERED_AUDIENCES: "https://mcp.example.com" }])
    t.equal(loadConfig({ ...open, ...said }).registration, "open");
});

await t.test("HOST is a name, an address or a path", async (t) => {
  for (const [HOST, host, socketPath] of [
    ["::", "::"], ["[::1]", "::1"], ["[fe80::1%eth0]", "fe80::1%eth0"], ["auth.internal", "auth.internal"],
    ["/run/authflow.sock", undefined, "/run/authflow.sock"], ["unix:/run/a b.sock", undefined, "/run/a b.sock"],
  ] as const) {
    t.match(loadConfig({ HOST }), { ...(host && { host }), socketPath }, HOST);
  }
  for (const HOST of ["http://localhost", "run/authflow.sock", "unix:authflow.sock/", "a b", "[::1]:80", "unix:"]) {
    t.match(faults({ HOST }), [/^HOST must be a host name, an IP address/], HOST);
  }
  const address = (family: "IPv4" | "IPv6", internal: boolean) => ({ family, internal }) as NetworkInterfaceInfo;
  const loopback = { lo: [address("IPv4", true), address("IPv6", true)] };
  t.equal(anyAddress(loopback), "0.0.0.0");
  t.equal(anyAddress({ ...loopback, eth0: [address("IPv4", false), address("IPv6", false)] }), "0.0.0.0");
  t.equal(anyAddress({ ...loopback, eth0: [address("IPv6", false)] }), "::", "a machine without IPv4");
});

for (const url of ["http://localhost:8080", "http://127.0.0.1", "http://127.8.9.1:1", "http://[::1]:8080",
  "http://LOCALHOST", "https://localhost"]) {
  t.equal(loadConfig({ AUTHFLOW_PUBLIC_URL: url }).loopback, true, `${url} is loopback`);
}
for (const url of ["http://localhost.example.com", "http://127.0.0.1.example.com", "http://0.0.0.0:8080",
  "http://192.168.0.1", "http://[::2]", "http://id.example.com"]) {
  t.match(faults({ ...PUBLIC, AUTHFLOW_PUBLIC_URL: url }), [/^AUTHFLOW_PUBLIC_URL must begin with https/],
    `${url} is not`);
}

await t.test("for a bare public URL everything that lacks is named at once", async (t) => {
  t.match(faults({ AUTHFLOW_PUBLIC_URL: "http://id.example.com", AUTHFLOW_REGISTRATION: "open" }),
    [/^AUTHFLOW_PUBLIC_URL must begin with https/, /^AUTHFLOW_REGISTRATION must be token or closed/,
      /^AUTHFLOW_KEY_ENCRYPTION_KEY must be set/]);
  t.match(faults({ AUTHFLOW_PUBLIC_URL: "https://id.example.com" }),
    [/^AUTHFLOW_REGISTRATION_TOKEN must be set/, /^AUTHFLOW_KEY_ENCRYPTION_KEY must be set/]);
});

const BAD: [env: Record<string, string>, fault: RegExp][] = [
  ...["65536", "-1", "80a", "8 0"].map((PORT): [Record<string, string>, RegExp] =>
    [{ PORT }, /^PORT must be a port from 1 to 65535$/]),
  ...["", "example.com", "ftp://a.example", "https://u:p@a.example", "https://a.example?x=1",
    "https://a.example#x"].filter(Boolean)
    .map((url): [Record<string, string>, RegExp] => [{ AUTHFLOW_PUBLIC_URL: url },
      /^AUTHFLOW_PUBLIC_URL must be an absolute/]),
  ...["1", "1hour", "0h", "-1h", "1.5h"].slice(1).map((ttl): [Record<string, string>, RegExp] =>
    [{ AUTHFLOW_TOKEN_TTL: ttl }, /^AUTHFLOW_TOKEN_TTL must be a duration/]),
  [{ AUTHFLOW_TOKEN_TTL: "2h", AUTHFLOW_TOKEN_TTL_MAX: "1h" }, /^AUTHFLOW_TOKEN_TTL must not exceed/],
  [{ AUTHFLOW_TOKEN_TTL_MAX: "24856d" }, /^AUTHFLOW_TOKEN_TTL_MAX must be at most 24855d/],
  ...["9999999999d", "100y"].flatMap((ttl): [Record<string, string>, RegExp][] => [
    [{ AUTHFLOW_TOKEN_TTL_MAX: ttl }, /^AUTHFLOW_TOKEN_TTL_MAX must be a duration .*, at most 24855d$/],
    [{ AUTHFLOW_VERIFIER_CACHE: ttl }, /^AUTHFLOW_VERIFIER_CACHE must be a duration .*, at most 30d$/],
  ]),
  ...["AUTHFLOW_REFRESH_TTL", "AUTHFLOW_REFRESH_IDLE_TTL"].map((name): [Record<string, string>, RegExp] =>
    [{ [name]: "24856d" }, new RegExp(`^${name} must be at most 24855d`)]),
  ...["61s", "1m", "-1", "1.5s", "off"].map((AUTHFLOW_REFRESH_RETRY): [Record<string, string>, RegExp] =>
    [{ AUTHFLOW_REFRESH_RETRY }, /^AUTHFLOW_REFRESH_RETRY must be 0s to 60s$/]),
  [{ AUTHFLOW_IMPORTED_TOKEN_TTL_MAX: "999999999d" }, /^AUTHFLOW_IMPORTED_TOKEN_TTL_MAX must be at most 24855d/],
  [{ AUTHFLOW_ISSUER: "a b" }, /^AUTHFLOW_ISSUER must be/], [{ AUTHFLOW_ISSUER: "a".repeat(256) },
    /^AUTHFLOW_ISSUER must be/],
  [{ DATABASE_URL: "mysql://a" }, /^DATABASE_URL must be/], [{ REDIS_URL: "http://a" }, /^REDIS_URL must be/],
  ...["redis://user:12?a-password@host", "redis://:a-password@host:port", "redis://:a-pass#word@host:1",
    "redis://:a-password%@host", "redis://:a-password@", "rediss+sentinel://:a-password@h:1,h:x/m", "redis://",
    "localhost:6379"].map((REDIS_URL): [Record<string, string>, RegExp] => [{ REDIS_URL }, /^REDIS_URL (?!.*a-pass)/]),
  ...["postgres://u:a-password%@h/db", "postgres://u:a-password@h:port/db", "postgres://u:a-pass#word@h/db",
    "postgres://u:a-password@h/db?sslmode=on", "postgres://u:a-password@h/db?sslmode=require&sslrootcert=/nowhere",
    "file::memory:", "file:x.db?mode=ro", "./x.db"].map((url): [Record<string, string>, RegExp] =>
    [{ DATABASE_URL: url }, /^DATABASE_URL (?!.*a-pass)/]),
  [{ AUTHFLOW_REGISTRATION: "Open" }, /^AUTHFLOW_REGISTRATION must be one of open, token, closed$/],
  [{ AUTHFLOW_REGISTRATION: "token" }, /^AUTHFLOW_REGISTRATION_TOKEN must be set/],
  [{ AUTHFLOW_ADMIN_TOKEN: TOKEN, AUTHFLOW_REGISTRATION_TOKEN: TOKEN }, /^AUTHFLOW_REGISTRATION_TOKEN must differ/],
  [{ AUTHFLOW_ADMIN_TOKEN: "short" }, /^AUTHFLOW_ADMIN_TOKEN must be at least 32/],
    [{ AUTHFLOW_ADMIN_TOKEN: `${TOKEN} x` }, /^AUTHFLOW_ADMIN_TOKEN must be/],
  [{ AUTHFLOW_KEY_ENCRYPTION_KEY: "c2hvcnQ=" }, /^AUTHFLOW_KEY_ENCRYPTION_KEY must be 32 bytes/],
  [{ AUTHFLOW_KEY_ENCRYPTION_KEY: Buffer.alloc(33).toString("base64") },
    /^AUTHFLOW_KEY_ENCRYPTION_KEY must be 32 bytes/],
  [{ AUTHFLOW_SIGNING_KEY: "not a key" }, /^AUTHFLOW_SIGNING_KEY must be a PEM/],
    [{ JWT_KEY_ID: "a b" }, /^JWT_KEY_ID must be/],
  [{ AUTHFLOW_SIGNING_KEY: PEM, JWT_PRIVATE_KEY_B64: "eA==" },
    /^AUTHFLOW_SIGNING_KEY and JWT_PRIVATE_KEY_B64 name the signing key more than once/],
  [{ AUTHFLOW_KEY_ENCRYPTION_KEY: `${KEK},c2hvcnQ=` }, /^AUTHFLOW_KEY_ENCRYPTION_KEY must be 32 bytes/],
  [{ AUTHFLOW_KEY_ENCRYPTION_KEY: `${KEK},` }, /^AUTHFLOW_KEY_ENCRYPTION_KEY must be 32 bytes/],
  [{ AUTHFLOW_SIGNING_ALGORITHM: "HS256" }, /^AUTHFLOW_SIGNING_ALGORITHM must be one of RS256, ES256, EdDSA$/],
  [{ AUTHFLOW_SIGNING_ALGORITHM: "ES256", AUTHFLOW_SIGNING_KEY: PEM }, /^AUTHFLOW_SIGNING_ALGORITHM must be RS256 as/],
  [{ AUTHFLOW_KEY_ROTATION: "never" }, /^AUTHFLOW_KEY_ROTATION must be off, or a duration/],
  [{ AUTHFLOW_KEY_ROTATION: "1h" }, /^AUTHFLOW_KEY_ROTATION must be longer than 3960s, the time that a new key waits/],
  [{ AUTHFLOW_VERIFIER_CACHE: "31d" }, /^AUTHFLOW_VERIFIER_CACHE must be at most 30d$/],
  [{ AUTHFLOW_RATE_LIMIT_IP: "0" }, /^AUTHFLOW_RATE_LIMIT_IP must be/],
    [{ AUTHFLOW_RATE_LIMIT_CLIENT: "1k" }, /^AUTHFLOW_RATE_LIMIT_CLIENT must be/],
  [{ AUTHFLOW_TRUST_PROXY: "true" }, /^AUTHFLOW_TRUST_PROXY must be/],
    [{ AUTHFLOW_TRUST_PROXY: "*" }, /^AUTHFLOW_TRUST_PROXY must be/],
  [{ AUTHFLOW_TRUST_PROXY: "10.0.0.0/99" }, /^AUTHFLOW_TRUST_PROXY must be/],
    [{ AUTHFLOW_TRUST_PROXY: "1.2.3.4.5" }, /^AUTHFLOW_TRUST_PROXY must be/],
  [{ LOG_LEVEL: "verbose" }, /^LOG_LEVEL must be one of/],
  [{ JWT_PRIVATE_KEY_PATH: "/nowhere/key.pem" }, /^JWT_PRIVATE_KEY_PATH names a file that can't be read \(ENOENT\)/],
  [{ AUTHFLOW_ADMIN_TOKEN_FILE: "/nowhere/token" },
    /^AUTHFLOW_ADMIN_TOKEN_FILE names a file that can't be read \(ENOENT\)/],
  [{ AUTHFLOW_ADMIN_TOKEN: TOKEN, AUTHFLOW_ADMIN_TOKEN_FILE: "/x" },
    /^AUTHFLOW_ADMIN_TOKEN and AUTHFLOW_ADMIN_TOKEN_FILE are both set/],
];
for (const [env, fault] of BAD) {
  await t.test(`${JSON.stringify(env).slice(0, 70)} is one fault with its remedy`,
    async (t) => { t.match(faults(env), [fault]); t.equal(faults(env).length, 1); });
}

await t.test("all faults come in one message, and no secret in it", async (t) => {
  const env = { PORT: "x", LOG_LEVEL: "x", AUTHFLOW_ADMIN_TOKEN: "hunter2", AUTHFLOW_KEY_ENCRYPTION_KEY: "hunter3",
    DATABASE_URL: "mysql://u:hunter4@h/", REDIS_URL: "hunter5" };
  t.equal(faults(env).length, 6);
  t.throws(() => loadConfig(env), ConfigError);
  try { loadConfig(env); } catch (error) {
    t.match((error as Error).message, /^Authflow can't start with these settings:(\n {2}- [A-Z_]+ must be .+){6}$/);
    t.notMatch((error as Error).message, /hunter/);
  }
});

await t.test("secrets may come from files, without their last line end; empty settings are unset", async (t) => {
  const folder = temporaryFolder(t);
  const file = (name: string, text: string) => { writeFileSync(join(folder, name), text); return join(folder, name); };
  const env = {
    AUTHFLOW_ADMIN_TOKEN_FILE: file("token", `${TOKEN}\n`), AUTHFLOW_KEY_ENCRYPTION_KEY_FILE: file("kek", `${KEK}\r\n`),
    AUTHFLOW_SIGNING_KEY_FILE: file("key", PEM), AUTHFLOW_ADMIN_TOKEN: "", PORT: " ", AUTHFLOW_REGISTRATION: "",
  };
  t.match(loadConfig(env), { adminToken: TOKEN, keyEncryptionKey: Buffer.from(KEK, "base64"),
    signingKey: { pem: PEM.trim() }, port: 8080, registration: "open" });
  t.match(faults({ AUTHFLOW_ADMIN_TOKEN_FILE: file("empty", "\n") }), [/^AUTHFLOW_ADMIN_TOKEN must be/]);
  t.equal(loadConfig({ JWT_PRIVATE_KEY_PATH: file("path", PEM) }).signingKey?.pem, PEM.trim());
  t.equal(loadConfig({ JWT_PRIVATE_KEY_B64: Buffer.from(PEM).toString("base64"), JWT_KEY_ID: "main" }).signingKey?.kid,
    "main");
  t.equal(loadConfig({ AUTHFLOW_SIGNING_KEY: PEM.replaceAll("\n", "\\n") }).signingKey?.pem, PEM.replace(/\n$/, "\n"));
});

await t.test("of several key encryption keys the first encrypts, the others decrypt", async (t) => {
  const [first, second, third] = [1, 2, 3].map((byte) => Buffer.alloc(32, byte)) as [Buffer, Buffer, Buffer];
  const list = [first, second, third].map((key) => key.toString("base64")).join(" , ");
  t.match(loadConfig({ AUTHFLOW_KEY_ENCRYPTION_KEY: list }),
    { keyEncryptionKey: first, formerKeyEncryptionKeys: [second, third] });
  t.strictSame(loadConfig({ AUTHFLOW_KEY_ENCRYPTION_KEY: KEK }).formerKeyEncryptionKeys, []);
});

const DURATIONS: [text: string, seconds: number][] = [["1", 1], ["90s", 90], ["15m", 900], ["2h", 7200],
  ["1d", 86_400]];
for (const [text, seconds] of DURATIONS) t.equal(loadConfig({ AUTHFLOW_TOKEN_TTL: text }).tokenTtl, seconds, text);
const FOLDERS: [url: string, folder: string][] = [["file:./data/authflow.db", "./data"],
  ["file:/var/lib/a.db", "/var/lib"], ["file:///var/lib/a.db", "/var/lib"]];
for (const [url, folder] of FOLDERS) t.equal(loadConfig({ DATABASE_URL: url }).dataDir, folder, url);

await t.test("a provider switches on by its two variables", async (t) => {
  t.strictSame(loadConfig({}).providers, []);
  const { providers } = loadConfig({
    MICROSOFT_CLIENT_ID: "m", MICROSOFT_CLIENT_SECRET: "s", MICROSOFT_TENANT: "contoso.com",
    GOOGLE_CLIENT_ID: "g", GOOGLE_CLIENT_SECRET: "s", AUTHFLOW_OIDC_PROVIDERS: "okta, my-corp",
    AUTHFLOW_OIDC_OKTA_ISSUER: "https://okta.example.com", AUTHFLOW_OIDC_OKTA_CLIENT_ID: "o",
    AUTHFLOW_OIDC_OKTA_CLIENT_SECRET: "s",
    AUTHFLOW_OIDC_MY_CORP_ISSUER: "http://localhost:9000/realms/x", AUTHFLOW_OIDC_MY_CORP_CLIENT_ID: "c",
    AUTHFLOW_OIDC_MY_CORP_CLIENT_SECRET: "s", AUTHFLOW_OIDC_MY_CORP_SCOPE: "openid email",
  });
  t.match(providers, [
    { name: "google", clientId: "g", clientSecret: "s" }, { name: "microsoft", tenant: "contoso.com" },
    { name: "okta", issuer: "https://okta.example.com", scope: undefined },
    { name: "my-corp", issuer: "http://localhost:9000/realms/x", scope: "openid email" },
  ]);
});

await t.test("a login page of one's own is the first provider", async (t) => {
  const page = "https://login.example.com/login?tenant=a%20b";
  const env = { AUTHFLOW_LOGIN_URL: page, GOOGLE_CLIENT_ID: "g", GOOGLE_CLIENT_SECRET: "s" };
  t.match(loadConfig(env).providers,
    [{ name: "local", loginPage: page, label: "your account" }, { name: "google" }]);
  t.match(loadConfig({ ...env, AUTHFLOW_OPERATOR_NAME: "Acme" }).providers, [{ label: "Acme" }]);
  t.match(loadConfig({ ...env, AUTHFLOW_OPERATOR_NAME: "Acme", AUTHFLOW_LOGIN_LABEL: "Acme ID" }).providers,
    [{ label: "Acme ID" }]);
  t.match(loadConfig({ AUTHFLOW_LOGIN_URL: "http://localhost:3000/login" }).providers, [{ name: "local" }]);
  for (const wrong of ["http://login.example.com/", "login.example.com", "https://u:p@login.example.com/",
    "https://login.example.com/#a", "https://login.example.com/#", "javascript:alert(1)", "https://a.example/\u202e",
    "https://a.example/ b", `https://a.example/${"x".repeat(2048)}`])
    t.match(faults({ AUTHFLOW_LOGIN_URL: wrong }), [/^AUTHFLOW_LOGIN_URL must be an https URL without fragment/]);
  t.match(faults({ AUTHFLOW_LOGIN_LABEL: "Acme" }), [/^AUTHFLOW_LOGIN_URL must be set, because/]);
});

await t.test("secrets of providers may come from files", async (t) => {
  const file = join(temporaryFolder(t), "secret");
  writeFileSync(file, "from-a-file\n");
  const env = { GITHUB_CLIENT_ID: "h", GITHUB_CLIENT_SECRET_FILE: file, AUTHFLOW_OIDC_PROVIDERS: "corp",
    AUTHFLOW_OIDC_CORP_ISSUER: "https://c.example", AUTHFLOW_OIDC_CORP_CLIENT_ID: "c",
    AUTHFLOW_OIDC_CORP_CLIENT_SECRET_FILE: file };
  t.match(loadConfig(env).providers, [{ clientSecret: "from-a-file" }, { clientSecret: "from-a-file" }]);
  t.match(faults({ ...env, AUTHFLOW_OIDC_CORP_CLIENT_SECRET: "x" }),
    [/^AUTHFLOW_OIDC_CORP_CLIENT_SECRET and .*_FILE are both set/]);
});

const CORP = { AUTHFLOW_OIDC_PROVIDERS: "corp", AUTHFLOW_OIDC_CORP_ISSUER: "https://c.example",
  AUTHFLOW_OIDC_CORP_CLIENT_ID: "c", AUTHFLOW_OIDC_CORP_CLIENT_SECRET: "s" };
const BAD_PROVIDERS: [env: Record<string, string>, faults: RegExp[]][] = [
  [{ GOOGLE_CLIENT_ID: "g" }, [/^GOOGLE_CLIENT_SECRET must be set, because GOOGLE_CLIENT_ID is/]],
  [{ GITHUB_CLIENT_SECRET: "s" }, [/^GITHUB_CLIENT_ID must be set, because/]],
  [{ GOOGLE_CLIENT_ID: "a b", GOOGLE_CLIENT_SECRET: "s" }, [/^GOOGLE_CLIENT_ID must be printable/]],
  [{ MICROSOFT_TENANT: "a/../b" }, [/^MICROSOFT_TENANT must be a tenant's id/]],
  [{ AUTHFLOW_OIDC_PROVIDERS: "corp" }, [/^AUTHFLOW_OIDC_CORP_ISSUER must be set/]],
  [{ ...CORP, AUTHFLOW_OIDC_CORP_CLIENT_ID: "", AUTHFLOW_OIDC_CORP_CLIENT_SECRET: "" },
    [/^AUTHFLOW_OIDC_CORP_CLIENT_ID and .* must be set/]],
  [{ ...CORP, AUTHFLOW_OIDC_CORP_CLIENT_SECRET: "" }, [/^AUTHFLOW_OIDC_CORP_CLIENT_SECRET must be set, because/]],
  [{ ...CORP, AUTHFLOW_OIDC_PROVIDERS: "google" }, [/^AUTHFLOW_OIDC_PROVIDERS can't use the name google/]],
  [{ ...CORP, AUTHFLOW_OIDC_PROVIDERS: "local" }, [/^AUTHFLOW_OIDC_PROVIDERS can't use the name local/]],
  [{ ...CORP, AUTHFLOW_OIDC_PROVIDERS: "corp,corp" }, [/^AUTHFLOW_OIDC_PROVIDERS names corp more than once/]],
  [{ ...CORP, AUTHFLOW_OIDC_PROVIDERS: "Corp" }, [/^AUTHFLOW_OIDC_PROVIDERS must be names of a-z/]],
  [{ ...CORP, AUTHFLOW_OIDC_PROVIDERS: "a|b" }, [/^AUTHFLOW_OIDC_PROVIDERS must be names of a-z/]],
  ...["http://c.example", "https://c.example?x=1", "https://u@c.example", "ftp://c.example", "c.example"].map(
    (issuer): [Record<string, string>, RegExp[]] =>
      [{ ...CORP, AUTHFLOW_OIDC_CORP_ISSUER: issuer }, [/^AUTHFLOW_OIDC_CORP_ISSUER must be an https URL/]]),
  [{ ...CORP, AUTHFLOW_OIDC_CORP_SCOPE: "email" },
    [/^AUTHFLOW_OIDC_CORP_SCOPE must be space-separated and include openid/]],
  [{ ...CORP, AUTHFLOW_OIDC_CORP_DISCOVERY_URL: "http://c.example/d" },
    [/^AUTHFLOW_OIDC_CORP_DISCOVERY_URL must be an https URL/]],
  [{ ...CORP, AUTHFLOW_OIDC_CORP_TOKEN_AUTH: "basic" },
    [/^AUTHFLOW_OIDC_CORP_TOKEN_AUTH must be one of client_secret_basic, client_secret_post, none/]],
  [{ ...CORP, AUTHFLOW_OIDC_CORP_TOKEN_AUTH: "none" },
    [/^AUTHFLOW_OIDC_CORP_CLIENT_SECRET is not used, because AUTHFLOW_OIDC_CORP_TOKEN_AUTH is none/]],
  ...["state=x", "client_id=x", "a=1&redirect_uri=x", "scope=x"].map((value): [Record<string, string>, RegExp[]] =>
    [{ ...CORP, AUTHFLOW_OIDC_CORP_AUTH_PARAMS: value },
      [/^AUTHFLOW_OIDC_CORP_AUTH_PARAMS can't set \w+, because Authflow sets it/]]),
  ...["hd", "hd=", "hd=a&hd=b", "=a", "a b=c"].map((value): [Record<string, string>, RegExp[]] =>
    [{ ...CORP, AUTHFLOW_OIDC_CORP_AUTH_PARAMS: value },
      [/^AUTHFLOW_OIDC_CORP_AUTH_PARAMS must be parameters such as/]]),
  [{ ...CORP, AUTHFLOW_OIDC_CORP_AUTH_PARAMS: "response_mode=fragment" },
    [/^AUTHFLOW_OIDC_CORP_AUTH_PARAMS: response_mode must be query or form_post/]],
  ...["sub=oid", "iss", "exp=x", "client_id=x", "status"].map((value): [Record<string, string>, RegExp[]] =>
    [{ ...CORP, AUTHFLOW_OIDC_CORP_CLAIMS: value },
      [/^AUTHFLOW_OIDC_CORP_CLAIMS can't set \w+, because Authflow sets it/]]),
  ...["email=", "email=a b", "1=a", "email=emails[x]", "email=a+"].map((value): [Record<string, string>, RegExp[]] =>
    [{ ...CORP, AUTHFLOW_OIDC_CORP_CLAIMS: value },
      [/^AUTHFLOW_OIDC_CORP_CLAIMS (must be claims such as|can't name)/]]),
  [{ ...CORP, AUTHFLOW_OIDC_CORP_CLAIMS: "hd,hd=x" }, [/^AUTHFLOW_OIDC_CORP_CLAIMS must name hd once/]],
  [{ APPLE_CLIENT_ID: "c", APPLE_KEY_ID: "k", APPLE_PRIVATE_KEY: "-----BEGIN PRIVATE KEY-----\\nx" },
    [/^APPLE_TEAM_ID must be set, because APPLE_CLIENT_ID is/, /^APPLE_PRIVATE_KEY must be the \.p8 file/]],
];
for (const [env, expected] of BAD_PROVIDERS) {
  const found = faults(env);
  t.match(found, expected, JSON.stringify(env));
  t.equal(found.length, expected.length, `no more than that: ${found.join("; ")}`);
}

const OKTA = { AUTHFLOW_OIDC_OKTA_ISSUER: "https://okta.example", AUTHFLOW_OIDC_OKTA_CLIENT_ID: "an-id",
  AUTHFLOW_OIDC_OKTA_CLIENT_SECRET: "a-secret" };
const MISSPELT: [env: Record<string, string>, fault: string][] = [
  [{ AUTHFLOW_TOKN_TTL: "15m" }, "AUTHFLOW_TOKN_TTL is not a setting: did you mean AUTHFLOW_TOKEN_TTL?"],
  [{ AUTHFLOW_TOKEN_TTL_MAXIMUM: "1h" },
    "AUTHFLOW_TOKEN_TTL_MAXIMUM is not a setting: did you mean AUTHFLOW_TOKEN_TTL_MAX?"],
  [{ AUTHFLOW_ADMIN_TOKEN_FIEL: "/x" },
    "AUTHFLOW_ADMIN_TOKEN_FIEL is not a setting: did you mean AUTHFLOW_ADMIN_TOKEN_FILE?"],
  [{ AUTHFLOW_ISSUER_FILE: "/x" }, "AUTHFLOW_ISSUER_FILE is not a setting: did you mean AUTHFLOW_ISSUER?"],
  [{ AUTHFLOW_PORT: "8080" }, "AUTHFLOW_PORT is not a setting: did you mean PORT?"],
  [{ AUTHFLOW_SOMETHING_ELSE: "x" }, "AUTHFLOW_SOMETHING_ELSE is not a setting: remove it, or check its spelling"],
  [{ AUTHFLOW_OIDC_MY_CORP_SCOPE: "openid" },
    "AUTHFLOW_OIDC_MY_CORP_SCOPE has no effect, because AUTHFLOW_OIDC_PROVIDERS does not name my-corp: add it there"],
  [{ ...OKTA, AUTHFLOW_OIDC_PROVIDERS: "okta", AUTHFLOW_OIDC_OKTA_SCOPES: "openid" },
    "AUTHFLOW_OIDC_OKTA_SCOPES is not a setting: did you mean AUTHFLOW_OIDC_OKTA_SCOPE?"],
  [{ ...OKTA, AUTHFLOW_OIDC_PROVIDERS: "okta", AUTHFLOW_OIDC_OKTAS_SCOPE: "openid" },
    "AUTHFLOW_OIDC_OKTAS_SCOPE is not a setting: did you mean AUTHFLOW_OIDC_OKTA_SCOPE?"],
  [{ ...OKTA, AUTHFLOW_OIDC_PROVIDERS: "okta", AUTHFLOW_OIDC_CORP_SCOPE: "openid" },
    "AUTHFLOW_OIDC_CORP_SCOPE has no effect, because AUTHFLOW_OIDC_PROVIDERS does not name corp: add it there"],
];
for (const [env, fault] of MISSPELT)
  t.strictSame(faults(env), [fault], "a misspelt setting is named, with the nearest one");
t.strictSame(faults(OKTA), Object.keys(OKTA).map((name) =>
  `${name} has no effect, because AUTHFLOW_OIDC_PROVIDERS does not name okta: add it there`));

await t.test("what is no misspelt setting is left alone", async (t) => {
  t.strictSame(faults({ AUTHFLOW_TOKN_TTL: "", AUTHFLOW_TOKN_TLT: "  " }), [], "a variable without a value is not set");
  t.strictSame(faults({ NODE_ENV: "production", PORTS: "1", authflow_x: "1", GOOGLE_TENANT: "x" }), [], "other names");
  t.strictSame(faults({ ...OKTA, AUTHFLOW_OIDC_PROVIDERS: "okta", AUTHFLOW_OIDC_OKTA_SCOPE: "openid" }), []);
  t.strictSame(faults({
    AUTHFLOW_SERVICE_HOST: "10.0.0.1", AUTHFLOW_SERVICE_PORT: "8080", AUTHFLOW_SERVICE_PORT_HTTP: "8080",
    AUTHFLOW_PORT: "tcp://10.0.0.1:8080", AUTHFLOW_PORT_8080_TCP: "tcp://10.0.0.1:8080",
    AUTHFLOW_PORT_8080_TCP_PROTO: "tcp", AUTHFLOW_PORT_8080_TCP_ADDR: "10.0.0.1",
    AUTHFLOW_REDIS_SERVICE_HOST: "10.0.0.2",
  }), [], "what Kubernetes says of a Service called authflow");
  const examples = readdirSync(join(ROOT, "examples"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => readFileSync(join(parentPath, name), "utf8")).join();
  const names = new Set(examples.match(/\bAUTHFLOW_[A-Z_]+/g));
  t.ok(names.has("AUTHFLOW_URL"));
  for (const name of names) t.strictSame(faults({ [name]: "5" }), [], `${name} may be set for a verifier`);
});

await t.test("a PostgreSQL URL that would not work, or not as it reads, is refused without repeating it", async (t) => {
  const cases: [url: string, fault: RegExp][] = [
    ["postgres://u:hunter6@a,b/db", /must name one host/],
    ["postgres://u:hunter6@a:5432,b:5433/db", /must name one host/],
    ["postgres://u:hunter6@a/db?host=b,c", /must name one host/],
    ["postgres://u:hunter6@a/db?target_session_attrs=read-write", /must not have target_session_attrs/],
    ["postgres://u:hunter6@hunter7/hunter8@a/db", /@ after its host: .*%40/],
    ["postgres://u:1#hunter6@a/db", /@ after its host: .*%40/],
    ["postgres://u:hunter6?hunter7@a/db", /@ after its host: .*%40/],
    ["postgres://u:hunter6/hunter7", /can't be read as a URL: .*%2F/],
    ["postgres://u:hunter6@a:port/db", /can't be read as a URL/],
    ["postgres://u:hunter6@a/db?connection_limit=many", /connection_limit that is no number/],
    ["postgres://u:hunter6@a/db?connection_limit=0", /connection_limit that is no number/],
    ["postgres://u:hunter6@a/db?schema=", /schema without a name/],
    ["postgres://u:hunter6@a/db?schema=my%22own", /schema with a quotation mark/],
  ];
  for (const [url, fault] of cases) {
    const found = faults({ DATABASE_URL: url });
    t.match(found, [/^DATABASE_URL /], url);
    t.match(found, [fault], url);
    t.notMatch(found.join(), /hunter/, url);
  }
  for (const url of ["postgres://u:p@q@a/db", "postgresql://u@[::1]:5432/db?schema=x&connection_limit=5",
    "postgres://u@/db?host=/run/postgresql", "postgres://%2Frun%2Fpostgresql/db", "postgres:///db?sslmode=disable",
    "file:./a@b,c.db"]) t.same(faults({ DATABASE_URL: url }), [], url);
});

await t.test("the size of the pool is a setting", async (t) => {
  t.equal(loadConfig({}).databasePoolSize, undefined);
  t.equal(loadConfig({ AUTHFLOW_DATABASE_POOL_SIZE: "25" }).databasePoolSize, 25);
  t.match(faults({ AUTHFLOW_DATABASE_POOL_SIZE: "0" }), [/^AUTHFLOW_DATABASE_POOL_SIZE must be a whole number/]);
});
