import { databaseFault } from "../../shared/redis-server.js";

/** A server that answers, and that Authflow must not use. */
export class RedisRefused extends Error {
  override readonly name = "RedisRefused";
}

/** An error of an attempt to connect, with what to do about it. */
export function handshakeError(error: Error): Error {
  if (isOfSelect(error)) return new RedisRefused(databaseFault(error.message));
  const { code = "" } = error as NodeJS.ErrnoException;
  if (!UNTRUSTED.has(code)) return error;
  return new Error(`${error.message}: set AUTHFLOW_REDIS_CA to the authority of Redis's certificate`, { cause: error });
}

/** Node's codes for a certificate whose authority is unknown. */
const UNTRUSTED = new Set([
  "SELF_SIGNED_CERT_IN_CHAIN", "DEPTH_ZERO_SELF_SIGNED_CERT", "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "UNABLE_TO_GET_ISSUER_CERT",
]);

/** ioredis only reports that SELECT failed, and goes on. */
export const isOfSelect = (error: Error): boolean =>
  (error as Error & { command?: { name: string } }).command?.name === "select";
