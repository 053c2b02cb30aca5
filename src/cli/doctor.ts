import { Command } from "commander";
import { Redis } from "ioredis";
import { type Config, ConfigError, loadConfig } from "../config.js";
import { openDatabase } from "../stores/prisma/database.js";
import { pendingMigrations } from "../stores/prisma/migrate.js";
import { print } from "./run.js";

type Finding = readonly ["ok" | "note" | "fail", string];
type Check = (config: Config) => Promise<Finding[]>;

const TIMEOUT = 3000;
/** Milliseconds by which two clocks may differ before tokens look expired, or not yet issued, to strict verifiers. */
const CLOCK_TOLERANCE = 2000;

export const doctorCommand = new Command("doctor")
  .description("check settings, database, Redis, clock, issuer and JWKS, and say the remedy")
  .action(async () => {
    const findings = await diagnose(process.env);
    for (const [level, text] of findings) print(`${{ ok: "  ok  ", note: " note ", fail: " FAIL " }[level]} ${text}`);
    const failed = findings.filter(([level]) => level === "fail").length;
    print(failed === 0 ? "\nNothing stands in the way." : `\n${failed} thing${failed === 1 ? "" : "s"} to mend.`);
    process.exitCode = failed === 0 ? 0 : 1;
  });

async function diagnose(env: NodeJS.ProcessEnv): Promise<Finding[]> {
  let config: Config;
  try {
    config = loadConfig(env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.faults.map((fault): Finding => ["fail", fault]);
  }
  const findings: Finding[] = [["ok", "settings are valid"]];
  for (const check of [checkIssuer, checkDatabase, checkRedis, checkService]) {
    findings.push(
      ...(await check(config).catch((error: unknown): Finding[] => [["fail", `${(error as Error).message}`]])),
    );
  }
  return findings;
}

const checkIssuer: Check = async ({ issuer, publicUrl }) => {
  if (!URL.canParse(issuer)) return [["ok", `issuer is "${issuer}": verifiers are told it and the JWKS URL`]];
  return issuer === publicUrl
    ? [["ok", `issuer is the public URL ${issuer}`]]
    : [
        [
          "note",
          `AUTHFLOW_ISSUER ${issuer} differs from AUTHFLOW_PUBLIC_URL ${publicUrl}: verifiers look for keys below the issuer`,
        ],
      ];
};

const checkDatabase: Check = async ({ databaseUrl }) => {
  const kind = databaseUrl.startsWith("file:") ? "SQLite" : "PostgreSQL";
  let pending: string[];
  try {
    pending = await pendingMigrations(databaseUrl);
  } catch (error) {
    return [
      ["fail", `${kind} can't be used: ${(error as Error).message}. Check DATABASE_URL and that the server runs`],
    ];
  }
  if (pending.length > 0)
    return [
      ["note", `${kind} lacks ${pending.length} migration(s): authflow migrate, or the next start, applies them`],
    ];
  const database = await openDatabase(databaseUrl);
  await database.ping().finally(() => database.close());
  return [["ok", `${kind} answers and is up to date`]];
};

const checkRedis: Check = async ({ redisUrl }) => {
  if (redisUrl === undefined)
    return [["note", "REDIS_URL is unset: the database serves revocation alone, which is meant for one replica"]];
  const redis = new Redis(redisUrl, {
    lazyConnect: true,
    connectTimeout: TIMEOUT,
    commandTimeout: TIMEOUT,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  redis.on("error", () => undefined); // the command's own rejection tells
  try {
    await redis.connect();
    const setting = async (name: string): Promise<string | undefined> =>
      (await redis.config("GET", name).catch(() => []) as string[])[1];
    const [policy, appendonly] = [await setting("maxmemory-policy"), await setting("appendonly")];
    return [
      ["ok", "Redis answers"],
      policy === undefined || policy === "noeviction"
        ? ["ok", `Redis evicts nothing (maxmemory-policy ${policy ?? "not shown by this server"})`]
        : ["fail", `Redis may evict revocations (maxmemory-policy ${policy}): CONFIG SET maxmemory-policy noeviction`],
      appendonly === "yes"
        ? ["ok", "Redis persists (appendonly yes)"]
        : [
            "note",
            "Redis does not persist (appendonly): after its restart Authflow refills it from the database; services that read it directly wait for that. CONFIG SET appendonly yes",
          ],
      await redisClock(redis),
    ];
  } catch (error) {
    return [["fail", `Redis does not answer (${(error as Error).message}): check REDIS_URL and that the server runs`]];
  } finally {
    redis.disconnect();
  }
};

async function redisClock(redis: Redis): Promise<Finding> {
  const [seconds] = await redis.time();
  return compareClocks("Redis's", Number(seconds) * 1000);
}

/** `theirs` is epoch milliseconds, cut to the second. */
function compareClocks(whose: string, theirs: number): Finding {
  const apart = Math.abs(Date.now() - theirs);
  return apart <= CLOCK_TOLERANCE ? ["ok", `this machine's clock agrees with ${whose}`]
    : ["fail", `this machine's clock and ${whose} differ by ${Math.round(apart / 1000)} s: synchronise both (NTP)`];
}

const checkService: Check = async ({ publicUrl }) => {
  const url = `${publicUrl}/.well-known/jwks.json`;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT), redirect: "error" });
    const { keys } = await response.json() as { keys?: { kid: string }[] };
    if (!response.ok || !keys?.length)
      return [
        [
          "fail",
          `${url} answers ${response.status} without keys: does another service answer there? Check AUTHFLOW_PUBLIC_URL`,
        ],
      ];
    return [
      ["ok", `JWKS is reachable at ${url} (${keys.length} key${keys.length === 1 ? "" : "s"})`],
      compareClocks("the service's", Date.parse(response.headers.get("date") ?? "")),
    ];
  } catch (error) {
    return [
      [
        "note",
        `${url} is not reachable from here (${((error as Error).cause as Error | undefined)?.message ?? (error as Error).message}): start the service, or check AUTHFLOW_PUBLIC_URL and the proxy before it`,
      ],
    ];
  }
};
