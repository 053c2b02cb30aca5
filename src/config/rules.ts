import { isIP } from "node:net";
import type { Config } from "./config.js";
import { databaseUrlFaults } from "./database-url.js";
import { scheduleOf } from "../keys/rotation.js";
import { LOCAL } from "../providers/local.js";
import { isLoginUrl, LOGIN_URL_RULE } from "../shared/login-url.js";
import { isLogoUrl, LOGO_RULE } from "../shared/logo.js";
import { settingNotes } from "./settings.js";

/** Seconds. */
const VERIFIER_CACHE_MAX = 30 * 86_400;
const KEEP_ALIVE_MAX = 86_400;
/** Seconds: 68 years, the largest number of whole days in the databases' 32-bit integers. */
const LIFETIME_MAX = 24_855 * 86_400;

/**
 * Faults of settings that contradict one another, or are unsafe with this public URL. What is safe follows from the
 * public URL and the address to listen on: there is no other switch for it.
 */
export function contradictions(config: Config, publicUrl: URL | undefined): string[] {
  const faults = databaseUrlFaults(config.databaseUrl);
  const fault = (broken: boolean, message: string): void => { if (broken) faults.push(message); };
  fault(config.operator.logo !== undefined && !isLogoUrl(config.operator.logo),
    `AUTHFLOW_OPERATOR_LOGO must be ${LOGO_RULE}`);
  const loginPage = config.providers.find(({ name }) => name === LOCAL)?.loginPage;
  fault(loginPage !== undefined && !isLoginUrl(loginPage), `AUTHFLOW_LOGIN_URL must be ${LOGIN_URL_RULE}`);
  fault(config.tokenTtl > config.tokenTtlMax, "AUTHFLOW_TOKEN_TTL must not exceed AUTHFLOW_TOKEN_TTL_MAX");
  fault(config.tokenTtlMax > LIFETIME_MAX, "AUTHFLOW_TOKEN_TTL_MAX must be at most 24855d");
  fault(config.importedTokenTtlMax > LIFETIME_MAX, "AUTHFLOW_IMPORTED_TOKEN_TTL_MAX must be at most 24855d");
  fault(config.sessionTtl > LIFETIME_MAX, "AUTHFLOW_SESSION_TTL must be at most 24855d");
  fault(config.sessionIdleTtl > LIFETIME_MAX, "AUTHFLOW_SESSION_IDLE_TTL must be at most 24855d");
  fault(config.refreshTtl > LIFETIME_MAX, "AUTHFLOW_REFRESH_TTL must be at most 24855d");
  fault(config.refreshIdleTtl > LIFETIME_MAX, "AUTHFLOW_REFRESH_IDLE_TTL must be at most 24855d");
  fault(config.keepAlive > KEEP_ALIVE_MAX, "AUTHFLOW_KEEP_ALIVE must be at most 1d");
  fault(config.verifierCache > VERIFIER_CACHE_MAX, "AUTHFLOW_VERIFIER_CACHE must be at most 30d");
  const { period, lead } = scheduleOf(config.keyRotation, config.verifierCache, config.tokenTtlMax);
  fault(period !== undefined && period <= lead,
    `AUTHFLOW_KEY_ROTATION must be longer than ${lead / 1000}s, ` +
      "the time that a new key waits before it signs (it follows from AUTHFLOW_VERIFIER_CACHE)");
  fault(config.signingKey !== undefined && config.signingAlgorithm !== "RS256",
    "AUTHFLOW_SIGNING_ALGORITHM must be RS256 as long as an RSA key is imported: remove the imported key first");
  fault(
    config.registration === "token" && config.registrationToken === undefined,
    "AUTHFLOW_REGISTRATION_TOKEN must be set (openssl rand -hex 32), because AUTHFLOW_REGISTRATION is token; " +
      "or set AUTHFLOW_REGISTRATION=closed",
  );
  fault(config.registrationToken !== undefined && config.registrationToken === config.adminToken,
    "AUTHFLOW_REGISTRATION_TOKEN must differ from AUTHFLOW_ADMIN_TOKEN: those who register clients are not operators");
  fault(!(config.trustProxy || []).every(isAddressRange),
    `AUTHFLOW_TRUST_PROXY must be ${settingNotes("AUTHFLOW_TRUST_PROXY").remedy}`);
  if (publicUrl === undefined || config.loopback) return faults;
  fault(publicUrl.protocol !== "https:", "AUTHFLOW_PUBLIC_URL must begin with https:// unless its host is loopback");
  // docker-compose.yml says open by default: beside a public URL something else must say that it is meant.
  fault(
    config.registration === "open" && Object.values(config.selfRegistered).flat().length === 0,
    "AUTHFLOW_REGISTRATION must be token or closed on a public URL: with open, anyone may register a client. " +
      "If you want that, set AUTHFLOW_SELF_REGISTERED_SCOPES or AUTHFLOW_SELF_REGISTERED_AUDIENCES too",
  );
  fault(
    config.keyEncryptionKey === undefined,
    "AUTHFLOW_KEY_ENCRYPTION_KEY must be set on a public URL (openssl rand -base64 32)",
  );
  return faults;
}

/** Whether the text is an IP address, a CIDR range, or the name of a range. */
function isAddressRange(text: string): boolean {
  const [address = "", bits = "0"] = text.split("/");
  return /^[a-z]+$/.test(text) || (isIP(address) !== 0 && Number(bits) <= (isIP(address) === 4 ? 32 : 128));
}
