import { type TSchema, Type } from "@sinclair/typebox";
import { NAMED_PROVIDERS, PROVIDER_NAMES, type ProviderName } from "../providers/table.js";
import { LOGIN_URL_RULE } from "../shared/login-url.js";
import { LOGO_RULE } from "../shared/logo.js";
import { REDIS_URL_FORMS } from "./redis-url.js";

interface Notes {
  description: string;
  /** Completes the sentence "NAME must be …", and says how to make a valid value. */
  remedy: string;
  /** A secret: NAME_FILE may name a file that holds it, and no message repeats it. */
  secret?: true;
  default?: string;
  /** What happens if it is not set, for the documents; for settings without a fixed default. */
  unset?: string;
}

const text = (notes: Notes, pattern = "\\S"): TSchema => Type.String({ ...notes, pattern });
const choice = (values: string[], notes: Omit<Notes, "remedy">): TSchema =>
  Type.String({ ...notes, pattern: `^(${values.join("|")})$`, remedy: `one of ${values.join(", ")}` });
const duration = (notes: Omit<Notes, "remedy">, most?: string): TSchema => {
  const remedy = `a duration such as 900s, 15m, 1h or 30d${most === undefined ? "" : `, at most ${most}`}`;
  return text({ ...notes, remedy }, "^[1-9]\\d{0,8}[smhd]?$");
};
const durationOrOff = (notes: Omit<Notes, "remedy">): TSchema =>
  text({ ...notes, remedy: "off, or a duration such as 30d or 90d" }, "^(off|[1-9]\\d{0,8}[smhd]?)$");
const perMinute = (notes: Omit<Notes, "remedy">): TSchema =>
  text({ ...notes, remedy: "a whole number of requests per minute, at least 1" }, "^[1-9]\\d{0,8}$");
const token = (notes: Omit<Notes, "remedy" | "secret">): TSchema =>
  text(
    { ...notes, secret: true, remedy: "at least 32 characters without spaces (openssl rand -hex 32)" },
    "^[!-~]{32,}$",
  );

type ProviderVariable = `${Uppercase<ProviderName>}_CLIENT_ID` |
  `${Uppercase<Exclude<ProviderName, "apple">>}_CLIENT_SECRET`;
const printable = (notes: Omit<Notes, "remedy">): TSchema =>
  text({ ...notes, remedy: "printable characters without spaces" }, "^[!-~]+$");
/** Each named provider's two variables. Apple has a key in place of a secret. */
const PROVIDER_VARIABLES = Object.fromEntries(PROVIDER_NAMES.flatMap((name) => {
  const [prefix, { label }] = [name.toUpperCase(), NAMED_PROVIDERS[name]];
  const unset = `logins through ${label} are off`;
  return [
    [`${prefix}_CLIENT_ID`, printable({ description: `Authflow's client ID at ${label}.`, unset })],
    ...(name === "apple" ? [] : [[`${prefix}_CLIENT_SECRET`, printable({
      description: `Authflow's client secret at ${label}.`, secret: true, unset,
    })]]),
  ];
})) as Record<ProviderVariable, TSchema>;

/** RFC 3986 §4.3 and RFC 6749 §3.3, without commas. */
const ABSOLUTE_URI = "[A-Za-z][A-Za-z0-9+.-]*:[!$-+--;=?-[\\]_a-z~]+";
const SCOPE = "[!#-+--[\\]-~]+";

/** The environment variables, in the order of the documents. */
export const SETTINGS = Type.Object({
  AUTHFLOW_PUBLIC_URL: text({
    description: "Where clients reach Authflow. A loopback URL is for development; any other must be https.",
    remedy: "an absolute http(s) URL without query, fragment or user-info",
    unset: "http://localhost:PORT",
  }),
  HOST: text(
    {
      description: "Address to listen on, or the path of a Unix socket.",
      remedy: "a host name, an IP address (:: for all addresses of IPv6 and IPv4) or an absolute path",
      unset: "localhost on a loopback public URL, else 0.0.0.0 (:: on a machine without IPv4)",
    },
    "^((unix:)?/.+|\\[[0-9A-Fa-f:.]+(%\\w+)?\\]|[0-9A-Fa-f:.]+(%\\w+)?|[^\\s/\\[\\]:]+)$",
  ),
  PORT: text(
    { description: "Port to listen on.", remedy: "a port from 1 to 65535", default: "8080" },
    "^(6553[0-5]|655[0-2]\\d|65[0-4]\\d{2}|6[0-4]\\d{3}|[1-5]\\d{4}|[1-9]\\d{0,3})$",
  ),
  AUTHFLOW_KEEP_ALIVE: duration({
    description: "How long an idle connection stays open. Set it longer than the proxy's own (nginx, AWS: 60 s; " +
      "Google: 600 s). Otherwise the proxy sometimes uses a connection that Authflow has just closed.",
    default: "75s",
  }),
  AUTHFLOW_ISSUER: text(
    {
      description: "The iss of the tokens of /mint and /auth. If it is a URL, all tokens have it. If it is a name, " +
        "tokens of /authorize have AUTHFLOW_PUBLIC_URL instead. Changing it later makes all tokens in use invalid.",
      remedy: "1 to 255 printable characters without spaces",
      default: "authflow-go",
    },
    "^[!-~]{1,255}$",
  ),
  DATABASE_URL: text(
    {
      description: "SQLite file or PostgreSQL database.",
      remedy: "file:<path> or postgres://user:password@host:5432/database",
      secret: true,
      default: "file:./data/authflow.db",
    },
    "^(file:.+|postgres(ql)?://.+)$",
  ),
  AUTHFLOW_DATABASE_POOL_SIZE: text(
    {
      description: "The most connections that a replica holds to PostgreSQL.",
      remedy: "a whole number from 1 to 9999",
      unset: "connection_limit of DATABASE_URL, else 10",
    },
    "^[1-9]\\d{0,3}$",
  ),
  REDIS_URL: text(
    {
      description:
        "Redis, where your services can read revocations. Several replicas should have one, and all the same.",
      remedy: REDIS_URL_FORMS,
      secret: true,
      unset: "Authflow needs only its database; services can't read revocations in Redis",
    },
    "^rediss?(\\+sentinel)?://.+$",
  ),
  AUTHFLOW_REDIS_CA: text(
    {
      description: "The certificate of the authority that signed Redis's certificate. For rediss:// only.",
      remedy: "PEM certificates",
      secret: true,
      unset: "the authorities that Node trusts",
    },
    "-----BEGIN CERTIFICATE-----",
  ),
  AUTHFLOW_REDIS_CERT: text(
    {
      description: "The certificate by which Authflow authenticates to Redis. For rediss:// only.",
      remedy: "a PEM certificate",
      secret: true,
      unset: "Authflow presents none",
    },
    "-----BEGIN CERTIFICATE-----",
  ),
  AUTHFLOW_REDIS_KEY: text(
    {
      description: "The private key of that certificate.",
      remedy: "an unencrypted PEM private key",
      secret: true,
    },
    "-----BEGIN ([A-Z]+ )?PRIVATE KEY-----",
  ),
  AUTHFLOW_TOKEN_TTL: duration({ description: "Lifetime of a token whose request has no expires_in.", default: "1h" }),
  AUTHFLOW_TOKEN_TTL_MAX: duration({
    description: "The longest lifetime that a request may ask for; at most 24855d (68 years).",
    default: "24h",
  }, "24855d"),
  AUTHFLOW_SESSION_TTL: duration({
    description: "How long a login at /authorize lasts, for further applications in the same browser.", default: "7d",
  }, "24855d"),
  AUTHFLOW_SESSION_IDLE_TTL: duration({
    description: "How long such a login lasts if no application uses it.", default: "1d",
  }, "24855d"),
  AUTHFLOW_REQUIRE_PKCE: choice(["on", "off"], {
    description: "Whether every client must use PKCE at /authorize, as OAuth 2.1 demands. Public clients always must.",
    default: "off",
  }),
  AUTHFLOW_REFRESH_TTL: duration({
    description: "How long refresh tokens renew a login, however often they are used. A client's refresh_ttl " +
      "overrides it.",
    default: "30d",
  }, "24855d"),
  AUTHFLOW_REFRESH_IDLE_TTL: duration({
    description: "How long a refresh token is good if it is not used. A client's refresh_idle_ttl overrides it.",
    default: "14d",
  }, "24855d"),
  AUTHFLOW_REFRESH_RETRY: text(
    {
      description: "How long a refresh token that was used may be sent again and gets the same answer. A later use " +
        "ends the login. 0: a second use ends it at once.",
      remedy: "0s to 60s",
      default: "10s",
    },
    "^([0-5]?\\d|60)s?$",
  ),
  AUTHFLOW_REGISTRATION: choice(["open", "token", "closed"], {
    description: "Who may register clients: anyone, holders of the registration token, or operators only. On a " +
      "public URL, a client that anyone registered can only log in users who consent.",
    unset: "open if the public URL and HOST are loopback; closed if the public URL is loopback, HOST is not, and no " +
      "registration token is set; otherwise token",
  }),
  AUTHFLOW_REGISTRATION_TOKEN: token({
    description: "The bearer token that POST /clients requires if AUTHFLOW_REGISTRATION is token " +
      "(RFC 7591 initial access token).",
  }),
  AUTHFLOW_SELF_REGISTERED_AUDIENCES: text(
    {
      description: "The resources (RFC 8707) for which clients that registered themselves may request tokens.",
      remedy: "absolute URIs without a fragment, separated by commas, such as https://mcp.example.com",
      unset: "there are none",
    },
    `^${ABSOLUTE_URI}( *, *${ABSOLUTE_URI})*$`,
  ),
  AUTHFLOW_SELF_REGISTERED_SCOPES: text(
    {
      description: "The scopes that such clients may request, beside those of OpenID Connect.",
      remedy: "scopes (RFC 6749 §3.3) separated by commas, such as mcp:tools,mcp:resources",
      unset: "there are none",
    },
    `^${SCOPE}( *, *${SCOPE})*$`,
  ),
  AUTHFLOW_ADMIN_TOKEN: token({
    description: "The bearer token of the operators' endpoints.",
    unset: "these endpoints are off",
  }),
  AUTHFLOW_KEY_ENCRYPTION_KEY: text(
    {
      description:
        "Encrypts the private signing keys in the database. If you lose it, you lose the keys. " +
        "Several keys, separated by commas: the first encrypts, all can decrypt.",
      remedy: "32 bytes in base64 (openssl rand -base64 32), or several such texts with commas between them",
      secret: true,
      unset: "generated in the data folder on a loopback public URL, else required",
    },
    "^[A-Za-z0-9+/_-]{43}=?( *, *[A-Za-z0-9+/_-]{43}=?)*$",
  ),
  AUTHFLOW_SIGNING_KEY: text(
    {
      description: "An RSA private key (PEM, 2048 bits or more) to sign with instead of a generated one.",
      remedy: "a PEM private key (openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048)",
      secret: true,
      unset: "a key is generated at the first start",
    },
    "-----BEGIN [A-Z ]*PRIVATE KEY-----",
  ),
  // The JWT_* settings have the names that they have in the Go implementation that Authflow follows.
  JWT_PRIVATE_KEY_B64: text({
    description: "The same key, as PEM in base64.",
    remedy: "a PEM private key in base64",
    secret: true,
  }),
  JWT_PRIVATE_KEY_PATH: text({
    description: "A file with the same key, as PEM.",
    remedy: "a path",
  }),
  JWT_KEY_ID: text(
    {
      description: "The kid of the imported key. With its old kid, tokens that it signed before the import stay valid.",
      remedy: "1 to 128 characters of A-Z a-z 0-9 . _ -",
      unset: "the key's RFC 7638 thumbprint",
    },
    "^[A-Za-z0-9._-]{1,128}$",
  ),
  AUTHFLOW_IMPORTED_TOKEN_TTL_MAX: duration({
    description: "The longest lifetime (exp - iat) of tokens that another service signed with the imported key; " +
      "longer ones are refused. Lowering it later has no effect on a key that is already imported. At most 24855d.",
    default: "30d",
  }, "24855d"),
  ...PROVIDER_VARIABLES,
  APPLE_TEAM_ID: printable({
    description: "The id of your team at Apple.", unset: "logins through Apple are off",
  }),
  APPLE_KEY_ID: printable({
    description: "The id of the key for Sign in with Apple.", unset: "logins through Apple are off",
  }),
  APPLE_PRIVATE_KEY: text(
    {
      description: "That key, as Apple gave it (.p8). It signs Authflow's client secrets.",
      remedy: "a PEM private key",
      secret: true,
      unset: "logins through Apple are off",
    },
    "-----BEGIN PRIVATE KEY-----",
  ),
  MICROSOFT_TENANT: text(
    {
      description: "Whose accounts may log in through Microsoft: one tenant, or common, organizations, consumers.",
      remedy: "a tenant's id or domain, common, organizations or consumers",
      unset: "common",
    },
    "^[A-Za-z0-9][A-Za-z0-9.-]{0,252}$",
  ),
  AUTHFLOW_OIDC_PROVIDERS: text({
    description: "Names of further OpenID providers. Each needs AUTHFLOW_OIDC_<NAME>_ISSUER, _CLIENT_ID and " +
      "_CLIENT_SECRET (none with _TOKEN_AUTH=none); optional are _SCOPE, _DISCOVERY_URL, _TOKEN_AUTH, _AUTH_PARAMS " +
      "and _CLAIMS.",
    remedy: "names of a-z, 0-9 and -, separated by commas, such as okta,corp",
    unset: "there are none",
  }),
  AUTHFLOW_LOGIN_URL: text({
    description: "Your own login page, which becomes the provider local.",
    remedy: LOGIN_URL_RULE,
    unset: "logins through a page of your own are off",
  }),
  AUTHFLOW_LOGIN_LABEL: text(
    {
      description: "The name of these logins, on the page of providers: \"Log in with …\".",
      remedy: "1 to 100 characters without control characters",
      unset: "AUTHFLOW_OPERATOR_NAME, or \"your account\"",
    },
    "^[^\\x00-\\x1f\\x7f]{1,100}$",
  ),
  AUTHFLOW_SIGNING_ALGORITHM: choice(["RS256", "ES256", "EdDSA"], {
    description:
      "The algorithm of new keys. After a change, a new key is staged at once, and the old keys still verify. ID " +
      "tokens of clients that registered for RS256 are always signed by RS256.",
    default: "RS256",
  }),
  AUTHFLOW_STATUS_LISTS: choice(["on", "off"], {
    description: "Whether tokens have a status, which is an entry in a list of GET /status-lists. " +
      "A client's policy can override it.",
    default: "off",
  }),
  AUTHFLOW_KEY_ROTATION: durationOrOff({
    description: "How long a key signs before the next one replaces it; off: only by hand (authflow keys rotate).",
    default: "90d",
  }),
  AUTHFLOW_VERIFIER_CACHE: duration({
    description: "The longest time for which a verifier caches the JWKS, at most 30d. A new key waits at least as " +
      "long before it signs.",
    default: "1h",
  }, "30d"),
  AUTHFLOW_RATE_LIMIT_IP: perMinute({
    description: "Requests per minute and IP address to the token endpoints and /revocations together, per replica.",
    default: "600000",
  }),
  AUTHFLOW_RATE_LIMIT_CLIENT: perMinute({
    description: "Requests per minute that a client authenticates, per replica: mints, exchanged codes and all others.",
    default: "300000",
  }),
  AUTHFLOW_RATE_LIMIT_CUTOFFS: perMinute({
    description: "Users that one client may log out everywhere per minute, per replica.",
    default: "600",
  }),
  AUTHFLOW_RATE_LIMIT_FAILURES: perMinute({
    description: "Failed client authentications per minute and IP address; further ones get 429. Others behind the " +
      "same address are not affected.",
    default: "600",
  }),
  AUTHFLOW_RATE_LIMIT_REGISTRATION: perMinute({
    description: "Registrations and operators' calls per minute and IP address, over all replicas that share a Redis.",
    default: "600",
  }),
  AUTHFLOW_STREAMS_PER_CLIENT: text(
    {
      description: "Open streams of GET /revocations/stream that one client may hold, on each replica.",
      remedy: "a whole number of streams, at least 1",
      default: "20",
    },
    "^[1-9]\\d{0,5}$",
  ),
  AUTHFLOW_RATE_LIMIT_LOGIN: perMinute({
    description: "Requests per minute and IP address to all paths below /auth, per replica. A login takes two.",
    default: "6000",
  }),
  AUTHFLOW_RATE_LIMIT_DOCUMENTS: perMinute({
    description: "Requests per minute and IP address to /status-lists, /docs and /openapi.json together, per replica.",
    default: "1200",
  }),
  AUTHFLOW_TRUST_PROXY: text(
    {
      description: "The proxies whose X-Forwarded-* headers are trusted.",
      remedy: "a comma-separated list of addresses, CIDR ranges, loopback, linklocal or uniquelocal, " +
        "such as 10.0.0.0/8,192.168.1.1",
      unset: "none is trusted",
    },
    "^((loopback|linklocal|uniquelocal|[0-9A-Fa-f:]*[.:][0-9A-Fa-f.:]*(/\\d{1,3})?)( *, *(?=\\S)|$))+$",
  ),
  AUTHFLOW_DOCS: choice(["on", "off"], {
    description: "Whether /docs and /openapi.json answer.",
    default: "on",
  }),
  AUTHFLOW_OPERATOR_NAME: text(
    {
      description: "Your name, on the pages that people see during a login.",
      remedy: "1 to 100 characters without control characters",
      unset: "the pages name only the application",
    },
    "^[^\\x00-\\x1f\\x7f]{1,100}$",
  ),
  AUTHFLOW_OPERATOR_LOGO: text({
    description: "Your logo on these pages.",
    remedy: LOGO_RULE,
    unset: "there is none",
  }),
  LOG_LEVEL: choice(["fatal", "error", "warn", "info", "debug", "trace", "silent"], {
    description: "The least severe level that is logged.",
    default: "info",
  }),
});

export type SettingName = keyof typeof SETTINGS.properties;
export const SETTING_NAMES = Object.keys(SETTINGS.properties) as SettingName[];
/** A setting's notes; its value must match `pattern`. */
export const settingNotes = (name: SettingName): Notes & { pattern: string } =>
  SETTINGS.properties[name] as unknown as Notes & { pattern: string };
