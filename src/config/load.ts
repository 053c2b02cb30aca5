import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Algorithm } from "../keys/algorithms.js";
import { importSigningKey } from "../keys/signing-key.js";
import { isLoopback } from "../shared/loopback.js";
import { type Config, ConfigError, type Registration } from "./config.js";
import { isPostgres, sqlitePath } from "./database-url.js";
import { anyAddress, type Host, parseHost } from "./host.js";
import { openIdNames, readProviders } from "./providers.js";
import { readRedisTls } from "./redis-tls.js";
import { parseRedisUrl } from "./redis-url.js";
import { contradictions } from "./rules.js";
import { SETTING_NAMES, type SettingName, settingNotes } from "./settings.js";
import { unknownVariables } from "./unknown-variables.js";

type Environment = Record<string, string | undefined>;
type Values = Partial<Record<SettingName, string>>;

/** Reads all settings from `env`. Throws one ConfigError that lists every fault. */
export function loadConfig(env: Environment): Config {
  const faults: string[] = [];
  const values = readValues(env, faults);
  for (const name of SETTING_NAMES) {
    const { pattern, remedy } = settingNotes(name);
    if (values[name] === undefined || new RegExp(pattern).test(values[name])) continue;
    faults.push(`${name} must be ${remedy}`);
    delete values[name];
  }
  const config = interpret(values, env, faults);
  faults.push(...misspelt(values, env, faults));
  if (faults.length > 0) throw new ConfigError([...new Set(faults)]);
  return Object.freeze(config);
}

function misspelt(values: Values, env: Environment, faults: readonly string[]): string[] {
  const names = SETTING_NAMES.flatMap((name) => (settingNotes(name).secret ? [name, `${name}_FILE`] : [name]));
  const found = unknownVariables(env, names, openIdNames((name) => values[name as SettingName]));
  // If AUTHFLOW_OIDC_PROVIDERS is invalid, the names of the providers' variables are unknown.
  const namesAreInvalid = faults.some((fault) => fault.startsWith("AUTHFLOW_OIDC_PROVIDERS "));
  return namesAreInvalid ? found.filter((fault) => !fault.startsWith("AUTHFLOW_OIDC_")) : found;
}

function readValues(env: Environment, faults: string[]): Values {
  const values: Values = {};
  for (const name of SETTING_NAMES) {
    const value = readValue(env, name, settingNotes(name).secret, faults);
    if (value !== undefined) values[name] = value;
  }
  return values;
}

function readValue(env: Environment, name: string, secret: boolean | undefined, faults: string[]): string | undefined {
  // Compose files and .env templates pass an empty string for a variable that is not set.
  const direct = env[name]?.trim() || undefined;
  const file = secret ? env[`${name}_FILE`]?.trim() || undefined : undefined;
  if (direct !== undefined && file !== undefined) faults.push(`${name} and ${name}_FILE are both set: keep one`);
  return direct ?? (file === undefined ? undefined : readSecret(`${name}_FILE`, file, faults));
}

function readSecret(name: string, path: string, faults: string[]): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    faults.push(`${name} names a file that can't be read (${(error as NodeJS.ErrnoException).code}): check the path`);
    return undefined;
  }
}

function interpret(given: Values, env: Environment, faults: string[]): Config {
  const values = Object.fromEntries(SETTING_NAMES.map((name) => [name, given[name] ?? settingNotes(name).default])) as
    Record<SettingName, string>; // below, settings without a default are read from `given` only
  const publicUrl = parsePublicUrl(given.AUTHFLOW_PUBLIC_URL ?? `http://localhost:${values.PORT}`, faults);
  const base = publicUrl?.href.replace(/\/$/, "") ?? "";
  const loopback = publicUrl === undefined || isLoopback(publicUrl.hostname);
  const address = parseHost(given.HOST ?? (loopback ? "localhost" : anyAddress()));
  const [keyEncryptionKey, ...formerKeyEncryptionKeys] =
    given.AUTHFLOW_KEY_ENCRYPTION_KEY?.split(",").map((text) => Buffer.from(text.trim(), "base64")) ?? [];
  const config: Config = {
    publicUrl: base,
    loopback,
    ...address,
    keepAlive: seconds(values.AUTHFLOW_KEEP_ALIVE),
    port: Number(values.PORT),
    issuer: values.AUTHFLOW_ISSUER,
    standardIssuer: isWebUrl(values.AUTHFLOW_ISSUER) ? values.AUTHFLOW_ISSUER : base,
    databaseUrl: values.DATABASE_URL,
    databasePoolSize: given.AUTHFLOW_DATABASE_POOL_SIZE === undefined ? undefined
      : Number(given.AUTHFLOW_DATABASE_POOL_SIZE),
    dataDir: isPostgres(values.DATABASE_URL) ? "./data" : dirname(sqlitePath(values.DATABASE_URL)),
    redisUrl: given.REDIS_URL,
    redisTls: readRedisTls(given, given.REDIS_URL !== undefined && isEncrypted(given.REDIS_URL, faults), faults),
    tokenTtl: seconds(values.AUTHFLOW_TOKEN_TTL),
    tokenTtlMax: seconds(values.AUTHFLOW_TOKEN_TTL_MAX),
    importedTokenTtlMax: seconds(values.AUTHFLOW_IMPORTED_TOKEN_TTL_MAX),
    sessionTtl: seconds(values.AUTHFLOW_SESSION_TTL),
    sessionIdleTtl: seconds(values.AUTHFLOW_SESSION_IDLE_TTL),
    requirePkce: values.AUTHFLOW_REQUIRE_PKCE === "on",
    refreshTtl: seconds(values.AUTHFLOW_REFRESH_TTL),
    refreshIdleTtl: seconds(values.AUTHFLOW_REFRESH_IDLE_TTL),
    refreshRetry: seconds(values.AUTHFLOW_REFRESH_RETRY),
    registration: (given.AUTHFLOW_REGISTRATION as Registration | undefined)
      ?? defaultRegistration(loopback, address, given.AUTHFLOW_REGISTRATION_TOKEN),
    registrationToken: given.AUTHFLOW_REGISTRATION_TOKEN,
    selfRegistered: {
      audiences: listed(given.AUTHFLOW_SELF_REGISTERED_AUDIENCES),
      scopes: listed(given.AUTHFLOW_SELF_REGISTERED_SCOPES),
    },
    adminToken: given.AUTHFLOW_ADMIN_TOKEN,
    keyEncryptionKey,
    formerKeyEncryptionKeys,
    signingAlgorithm: values.AUTHFLOW_SIGNING_ALGORITHM as Algorithm,
    statusLists: values.AUTHFLOW_STATUS_LISTS === "on",
    signingKey: importedKey(given, faults),
    providers: readProviders(
      (name, secret) => given[name as SettingName] ?? readValue(env, name, secret, faults), faults),
    keyRotation: values.AUTHFLOW_KEY_ROTATION === "off" ? undefined : seconds(values.AUTHFLOW_KEY_ROTATION),
    verifierCache: seconds(values.AUTHFLOW_VERIFIER_CACHE),
    streamsPerClient: Number(values.AUTHFLOW_STREAMS_PER_CLIENT),
    rateLimits: {
      ip: Number(values.AUTHFLOW_RATE_LIMIT_IP),
      client: Number(values.AUTHFLOW_RATE_LIMIT_CLIENT),
      cutoffs: Number(values.AUTHFLOW_RATE_LIMIT_CUTOFFS),
      failures: Number(values.AUTHFLOW_RATE_LIMIT_FAILURES),
      registration: Number(values.AUTHFLOW_RATE_LIMIT_REGISTRATION),
      login: Number(values.AUTHFLOW_RATE_LIMIT_LOGIN),
      documents: Number(values.AUTHFLOW_RATE_LIMIT_DOCUMENTS),
    },
    trustProxy: given.AUTHFLOW_TRUST_PROXY === undefined ? false : listed(given.AUTHFLOW_TRUST_PROXY),
    docs: values.AUTHFLOW_DOCS === "on",
    operator: { name: given.AUTHFLOW_OPERATOR_NAME, logo: given.AUTHFLOW_OPERATOR_LOGO },
    logLevel: values.LOG_LEVEL,
  };
  // An invalid setting has its default value here. A contradiction with that default would only confuse the reader.
  const invalid = faults.map((fault) => fault.split(" ", 1)[0]);
  faults.push(...contradictions(config, publicUrl).filter((fault) => !invalid.includes(fault.split(" ", 1)[0])));
  return config;
}

const listed = (value: string | undefined): string[] => value?.split(",").map((part) => part.trim()) ?? [];

/** Open only if nobody but this machine reaches the service, which is not so in a container (HOST=0.0.0.0). */
function defaultRegistration(loopback: boolean, { host, socketPath }: Host, token: string | undefined): Registration {
  if (!loopback) return "token";
  if (socketPath !== undefined || isLoopback(host)) return "open";
  return token === undefined ? "closed" : "token";
}

function parsePublicUrl(value: string, faults: string[]): URL | undefined {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const plain =
    url !== undefined && /^https?:$/.test(url.protocol) && url.search + url.hash + url.username + url.password === "";
  if (!plain) faults.push(`AUTHFLOW_PUBLIC_URL must be ${settingNotes("AUTHFLOW_PUBLIC_URL").remedy}`);
  return plain ? url : undefined;
}

function isEncrypted(redisUrl: string, faults: string[]): boolean {
  try {
    return parseRedisUrl(redisUrl).tls;
  } catch (error) {
    faults.push(`REDIS_URL ${(error as Error).message}`);
    return true; // nothing is known about it
  }
}

const isWebUrl = (text: string): boolean => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);

const UNITS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };
const seconds = (value: string): number => Number.parseInt(value, 10) * (UNITS[value.at(-1) ?? "s"] ?? 1);

function importedKey(given: Values, faults: string[]): Config["signingKey"] {
  const sources = (["AUTHFLOW_SIGNING_KEY", "JWT_PRIVATE_KEY_B64", "JWT_PRIVATE_KEY_PATH"] as const).filter(
    (name) => given[name],
  );
  if (sources.length > 1) faults.push(`${sources.join(" and ")} name the signing key more than once: keep one`);
  const pem = given.AUTHFLOW_SIGNING_KEY
    ?? (given.JWT_PRIVATE_KEY_B64 && Buffer.from(given.JWT_PRIVATE_KEY_B64, "base64").toString("utf8"))
    ?? (given.JWT_PRIVATE_KEY_PATH && readSecret("JWT_PRIVATE_KEY_PATH", given.JWT_PRIVATE_KEY_PATH, faults));
  if (pem === undefined || pem === "") return undefined;
  // In .env files, the line breaks of a PEM text are written as \n.
  const key = { pem: pem.replaceAll("\\n", "\n"), kid: given.JWT_KEY_ID };
  try {
    importSigningKey(key.pem, key.kid);
  } catch (error) {
    faults.push(`${sources[0]} can't be used: ${(error as Error).message}`);
  }
  return key;
}
