import { databaseFault } from "../../shared/redis-server.js";
import { isUntrustedCertificate } from "../../shared/untrusted-certificate.js";

/** A server that answers, and that Authflow must not use. */
export class RedisRefused extends Error {
  override readonly name = "RedisRefused";
}

/** An error of an attempt to connect, with what to do about it. */
export function handshakeError(error: Error): Error {
  if (isOfSelect(error)) return new RedisRefused(databaseFault(error.message));
  if (!isUntrustedCertificate((error as NodeJS.ErrnoException).code)) return error;
  return new Error(`${error.message}: set AUTHFLOW_REDIS_CA to the authority of Redis's certificate`, { cause: error });
}

/** ioredis only reports that SELECT failed, and goes on. */
export const isOfSelect = (error: Error): boolean =>
  (error as Error & { command?: { name: string } }).command?.name === "select";
