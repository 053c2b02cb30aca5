import { X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";

/** PEM texts for the connections to Redis. */
export interface RedisTls {
  /** The authorities that may have signed the server's certificate. Undefined: those that Node trusts. */
  ca: string | undefined;
  cert: string | undefined;
  key: string | undefined;
}
type Name = "AUTHFLOW_REDIS_CA" | "AUTHFLOW_REDIS_CERT" | "AUTHFLOW_REDIS_KEY";

/** Adds messages to `faults`. `encrypted`: whether REDIS_URL asks for TLS. */
export function readRedisTls(given: Partial<Record<Name, string>>, encrypted: boolean, faults: string[]): RedisTls {
  const names = (["AUTHFLOW_REDIS_CA", "AUTHFLOW_REDIS_CERT", "AUTHFLOW_REDIS_KEY"] as const)
    .filter((name) => given[name] !== undefined);
  // In .env files, the line breaks of a PEM text are written as \n.
  const [ca, cert, key] = [given.AUTHFLOW_REDIS_CA, given.AUTHFLOW_REDIS_CERT, given.AUTHFLOW_REDIS_KEY]
    .map((pem) => pem?.replaceAll("\\n", "\n"));
  if (!encrypted && names[0] !== undefined) {
    faults.push(`${names[0]} has no effect: begin REDIS_URL with rediss:// (or rediss+sentinel://)`);
  }
  if ((cert === undefined) !== (key === undefined)) {
    const [set, missing] = cert === undefined ? ["KEY", "CERT"] : ["CERT", "KEY"];
    faults.push(`AUTHFLOW_REDIS_${missing} must be set, because AUTHFLOW_REDIS_${set} is`);
    return { ca, cert, key };
  }
  usable("AUTHFLOW_REDIS_CA", faults, () => ca && new X509Certificate(ca));
  usable("AUTHFLOW_REDIS_CERT and AUTHFLOW_REDIS_KEY", faults, () => createSecureContext({ cert, key }));
  return { ca, cert, key };
}

function usable(names: string, faults: string[], read: () => unknown): void {
  try {
    read();
  } catch (error) {
    faults.push(`${names} can't be used: ${(error as Error).message}`);
  }
}
