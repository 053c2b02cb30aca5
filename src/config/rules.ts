import { isIP } from "node:net";
import type { Config } from "./config.js";
import { scheduleOf } from "../keys/rotation.js";
import { settingNotes } from "./settings.js";

/** Seconds. */
const VERIFIER_CACHE_MAX = 30 * 86_400;

/** What is safe follows from the public URL, so that no second switch can contradict it. */
export function contradictions(config: Config, publicUrl: URL | undefined): string[] {
  const faults: string[] = [];
  const fault = (broken: boolean, message: string): void => { if (broken) faults.push(message); };
  fault(config.tokenTtl > config.tokenTtlMax, "AUTHFLOW_TOKEN_TTL must not exceed AUTHFLOW_TOKEN_TTL_MAX");
  fault(config.verifierCache > VERIFIER_CACHE_MAX, "AUTHFLOW_VERIFIER_CACHE must be at most 30d");
  const { period, lead } = scheduleOf(config.keyRotation, config.verifierCache, config.tokenTtlMax);
  fault(period !== undefined && period <= lead,
    `AUTHFLOW_KEY_ROTATION must be longer than the ${lead / 1000}s for which AUTHFLOW_VERIFIER_CACHE makes a key wait`);
  fault(config.signingKey !== undefined && config.signingAlgorithm !== "RS256",
    "AUTHFLOW_SIGNING_ALGORITHM must be RS256 as long as a key is imported, which is RSA: take the import out first");
  fault(
    config.registration === "token" && config.registrationToken === undefined,
    "AUTHFLOW_REGISTRATION_TOKEN must be set where registration demands a token (openssl rand -hex 32), or set AUTHFLOW_REGISTRATION=closed",
  );
  fault(config.registrationToken !== undefined && config.registrationToken === config.adminToken,
    "AUTHFLOW_REGISTRATION_TOKEN must differ from AUTHFLOW_ADMIN_TOKEN: who registers is not an operator");
  fault(!(config.trustProxy || []).every(isAddressRange),
    `AUTHFLOW_TRUST_PROXY must be ${settingNotes("AUTHFLOW_TRUST_PROXY").remedy}`);
  if (publicUrl === undefined || config.loopback) return faults;
  fault(publicUrl.protocol !== "https:", "AUTHFLOW_PUBLIC_URL must begin with https:// unless its host is loopback");
  fault(
    config.registration === "open",
    "AUTHFLOW_REGISTRATION must be token or closed on a public URL: with open, anyone could register a client",
  );
  fault(
    config.keyEncryptionKey === undefined,
    "AUTHFLOW_KEY_ENCRYPTION_KEY must be set on a public URL (openssl rand -base64 32)",
  );
  return faults;
}

/** An address, a CIDR range, or a range's name. */
function isAddressRange(text: string): boolean {
  const [address = "", bits = "0"] = text.split("/");
  return /^[a-z]+$/.test(text) || (isIP(address) !== 0 && Number(bits) <= (isIP(address) === 4 ? 32 : 128));
}
