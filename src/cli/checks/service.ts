import type { Config } from "../config/load.js";
import { reason } from "../shared/loggable-error.js";
import { unsealWithOneOf } from "../keys/sealing.js";
import { openDatabase } from "../stores/prisma/database.js";
import { pendingMigrations } from "../stores/prisma/migrate.js";
import { checkRing } from "./key-checks.js";

/** What a check found: fine, worth knowing, or to be mended; the text says the remedy. */
export type Finding = readonly ["ok" | "note" | "fail", string];
export type Check = (config: Config) => Promise<Finding[]>;

/** Milliseconds that anything asked gets to answer. */
export const PATIENCE = 3000;
/** Milliseconds by which two clocks may differ before tokens look expired, or not yet issued, to strict verifiers. */
const CLOCK_TOLERANCE = 2000;

export const checkIssuer: Check = async ({ issuer, publicUrl }) => {
  if (!URL.canParse(issuer)) return [["ok", `issuer is "${issuer}": verifiers are told it and the JWKS URL`]];
  if (issuer === publicUrl) return [["ok", `issuer is the public URL ${issuer}`]];
  return [["note", `AUTHFLOW_ISSUER ${issuer} differs from AUTHFLOW_PUBLIC_URL ${publicUrl}: ` +
    "verifiers look for keys below the issuer"]];
};

export const checkDatabase: Check = async (config) => {
  const { databaseUrl, keyEncryptionKey, formerKeyEncryptionKeys } = config;
  const kind = databaseUrl.startsWith("file:") ? "SQLite" : "PostgreSQL";
  let pending: string[];
  try {
    pending = await pendingMigrations(databaseUrl);
  } catch (error) {
    return [["fail", `${kind} can't be used: ${reason(error)}. Check DATABASE_URL and that the server runs`]];
  }
  if (pending.length > 0) {
    return [["note", `${kind} lacks ${pending.length} migration(s): authflow migrate, or the next start, applies them`]];
  }
  const database = await openDatabase(databaseUrl);
  try {
    await database.ping();
    const { keys } = await database.keys.load();
    const keks = keyEncryptionKey === undefined ? [] : [keyEncryptionKey, ...formerKeyEncryptionKeys];
    if (keks.length > 0) for (const key of keys) unsealWithOneOf(keks, key.kid, key.sealedPrivateKey);
    return [["ok", `${kind} answers and is up to date`], ...checkRing(keys, config)];
  } finally {
    await database.close();
  }
};

export const checkService: Check = async ({ publicUrl, statusLists }) => {
  const url = `${publicUrl}/.well-known/jwks.json`;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE), redirect: "error" });
    const { keys } = await response.json() as { keys?: { kid: string }[] };
    if (!response.ok || !keys?.length) {
      return [["fail", `${url} answers ${response.status} without keys: does another service answer there? ` +
        "Check AUTHFLOW_PUBLIC_URL"]];
    }
    return [
      ["ok", `JWKS is reachable at ${url} (${keys.length} key${keys.length === 1 ? "" : "s"})`],
      compareClocks("the service's", Date.parse(response.headers.get("date") ?? "")),
      await checkFeed(`${publicUrl}/revocations/stream`),
      ["ok", statusLists ? `every token has an entry in a status list below ${publicUrl}/status-lists/`
        : "status lists: only for clients whose policy says so (AUTHFLOW_STATUS_LISTS is off)"],
    ];
  } catch (error) {
    return [["note", `${url} is not reachable from here (${reason((error as Error).cause ?? error)}): ` +
      "start the service, or check AUTHFLOW_PUBLIC_URL and the proxy before it"]];
  }
};

/** Without credentials, so that it ends at once: what is told there is the services' business. */
async function checkFeed(url: string): Promise<Finding> {
  const { status } = await fetch(url, { signal: AbortSignal.timeout(PATIENCE), redirect: "error" });
  if (status === 401) return ["ok", `the revocation feed is reachable at ${url}`];
  return ["fail", `${url} answers ${status} instead of asking for credentials: let the proxy pass that path on`];
}

/** `theirs` is epoch milliseconds, cut to the second. */
export function compareClocks(whose: string, theirs: number): Finding {
  const apart = Math.abs(Date.now() - theirs);
  if (apart <= CLOCK_TOLERANCE) return ["ok", `this machine's clock agrees with ${whose}`];
  return ["fail", `this machine's clock and ${whose} differ by ${Math.round(apart / 1000)} s: synchronise both (NTP)`];
}
