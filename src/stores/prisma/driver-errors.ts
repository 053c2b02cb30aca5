import { setTimeout as sleep } from "node:timers/promises";
import { type DatabaseFault, DATABASE_FAULTS } from "../../shared/database-fault.js";
import { AuthflowError, invalidRequest, unavailable, unavailableUntilRepaired } from "../../shared/errors.js";
import { reason } from "../../shared/loggable-error.js";
import { isUntrustedCertificate } from "../../shared/untrusted-certificate.js";

/** Runs a method of a store. */
export type Run = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * The same store, but failures of the driver become temporarily_unavailable, with the driver's error as the cause.
 * `run` runs each method.
 */
export function mapDriverErrors<T extends object>(store: T, run: Run): T {
  const guarded = Object.entries(store).map(([name, method]: [string, (...args: unknown[]) => Promise<unknown>]) => [
    name,
    (...args: unknown[]) => run(() => method(...args)).catch(mapDriverError),
  ]);
  return Object.fromEntries(guarded) as T;
}

export function mapDriverError(error: unknown): never {
  if (error instanceof AuthflowError) throw error; // mapped already, by a store in a transaction
  const code = driverCode(error);
  if (code !== undefined && UNSTORABLE.has(code)) {
    throw invalidRequest("A text of this request has a character that the database can't hold", error);
  }
  const fault = faultOf(error);
  if (fault !== undefined) {
    throw unavailableUntilRepaired(`The database ${DATABASE_FAULTS[fault].what}: its operator has to act`, error);
  }
  throw isDriverError(error) ? unavailable("The database does not answer: try again", error) : error;
}

/** PostgreSQL's codes, appendix A of its manual: no character of the encoding, and none that jsonb can hold. */
const UNSTORABLE = new Set(["22021", "22P05"]);
/** PostgreSQL's code for a write on a standby, or in a transaction that is read-only. */
export const READ_ONLY = "25006";
/** Serialization failure and deadlock: the transaction changed nothing, and may succeed when it runs again. */
const CONFLICTS = new Set(["40001", "40P01"]);
const ATTEMPTS = 12;

/** Runs `work` again if it lost a conflict with another transaction, a bounded number of times. */
export async function repeatConflicts<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt === ATTEMPTS || !CONFLICTS.has(driverCode(error) ?? "")) throw error;
    }
    await sleep(Math.random() * 10 * attempt); // random: those that met once must not meet again
  }
}

/** By PostgreSQL's SQLSTATE; by SQLite's result code, of which the driver tells the name or the number. */
const FAULTS: Record<DatabaseFault, { postgres: RegExp; sqlite: Record<string, number> }> = {
  replaced: { postgres: /(?!)/, sqlite: { READONLY_DBMOVED: 1032 } }, // before read-only, which it is a kind of
  "read-only": { postgres: new RegExp(`^${READ_ONLY}$`), sqlite: { READONLY: 8 } },
  full: { postgres: /^53100$/, sqlite: { FULL: 13, IOERR_WRITE: 778 } }, // the latter: a quota, or a file's limit
  denied: { postgres: /^(42501|28000|28P01)$/, sqlite: { PERM: 3, AUTH: 23 } },
  missing: { postgres: /^(42P01|42703|3F000|3D000)$/, sqlite: { CANTOPEN: 14 } },
  damaged: { postgres: /^XX00[12]$/, sqlite: { CORRUPT: 11, NOTADB: 26 } },
};
const NAMES = Object.keys(FAULTS) as DatabaseFault[];

/** What is wrong with the database until somebody repairs it; undefined if the error may go away by itself. */
export function faultOf(error: unknown): DatabaseFault | undefined {
  if (error instanceof AuthflowError) return faultOf(error.cause);
  const message = originalMessage(error);
  const code = driverCode(error) || /^ConnectionFailed\(.*: (\d+)"\)$/.exec(message)?.[1] || "";
  if (/^[0-9A-Z]{5}$/.test(code)) return NAMES.find((name) => FAULTS[name].postgres.test(code));
  if (/^(1|SQLITE_ERROR)$/.test(code) && /no such (table|column)|has no column/.test(message)) return "missing";
  return NAMES.find((fault) => Object.entries(FAULTS[fault].sqlite).some(([name, number]) =>
    code.startsWith(`SQLITE_${name}`) || number === Number(code) || number === Number(code) % 256));
}

interface DriverError extends Error {
  code?: unknown;
  meta?: { driverAdapterError?: { cause?: { originalCode?: unknown; originalMessage?: unknown } } };
}

/** PostgreSQL's SQLSTATE or Node's code such as EAI_AGAIN, also of an error that was mapped. */
export function driverCode(error: unknown): string | undefined {
  if (error instanceof AuthflowError) return driverCode(error.cause);
  if (!(error instanceof Error)) return undefined;
  const { code, meta } = error as DriverError;
  const original = meta?.driverAdapterError?.cause?.originalCode ?? code;
  return typeof original === "string" ? original : undefined;
}

/**
 * Whether a service that resembles PostgreSQL has no such function, or does not let us call it: by its SQLSTATE. Not a
 * missing table, which a backup that is being restored will bring.
 */
export const isUnsupported = (error: unknown): boolean =>
  /^(0A|42(501|704|883)|55000|58|XX)/.test(driverCode(error) ?? "");

/** When a connection breaks, pg sometimes throws a plain Error, which only its message distinguishes from others. */
function isDriverError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return /^(PrismaClient|DriverAdapter|Sqlite|UnreadableInstant|Silent$)/.test(error.name)
    || /^([0-9A-Z]{5}|E(?!RR_)[A-Z_]+)$/.test(driverCode(error) ?? "") // SQLSTATE, or Node's codes for the network
    || /connection|timeout/i.test(error.message);
}

/** Whether a call of PostgreSQL failed because nothing answered: what the server itself says has a SQLSTATE. */
export function isSilent(error: unknown): boolean {
  if (error instanceof AuthflowError) return isSilent(error.cause);
  const { code, message } = (error ?? {}) as DriverError;
  if (/^[0-9A-Z]{5}$/.test(driverCode(error) ?? "") && !isPrismaCode(driverCode(error))) return false;
  return code === "P2024" || code === "P2028" || code === "ETIMEDOUT" || /time-?out|timed out/i.test(message);
}

/** Prisma's own codes look like SQLSTATEs, which none of PostgreSQL's are: P2024, a pool without a free connection. */
const isPrismaCode = (code: string | undefined): boolean => /^P[12]\d{3}$/.test(code ?? "");

/** What the driver itself says about a failure, for those who start the service. */
export function driverReason(error: unknown): string {
  if (error instanceof AuthflowError && error.cause !== undefined) return driverReason(error.cause);
  const text = originalMessage(error).trim().replace(/^Invalid `.*` invocation:\s+/, "");
  if (NO_TLS.test(text)) return `${text}: let it, or set sslmode=disable in DATABASE_URL`;
  return isUntrustedCertificate(driverCode(error)) ? `${text}: ${TRUST}` : text;
}

const NO_TLS = /^The server does not support SSL connections$/;

const TRUST = "add sslmode=verify-full&sslrootcert=<path of the certificate of its authority> to DATABASE_URL";

function originalMessage(error: unknown): string {
  const message = (error as DriverError | undefined)?.meta?.driverAdapterError?.cause?.originalMessage;
  return typeof message === "string" ? message : reason(error);
}
