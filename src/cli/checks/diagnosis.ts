import { ConfigError } from "../../config/config.js";
import { loadConfig } from "../../config/load.js";
import { reason } from "../../shared/loggable-error.js";
import type { Context } from "../context.js";
import type { Check, Finding } from "./check.js";
import { checkDatabase } from "./database.js";
import { checkIssuer } from "./issuer.js";
import { checkProviders } from "./providers.js";
import { checkRedis } from "./redis.js";
import { checkRegistration } from "./registration.js";
import { checkService } from "./service.js";

const CHECKS: Check[] = [checkIssuer, checkRegistration, checkDatabase, checkRedis, checkService, checkProviders];

/** All findings of doctor, in the order of `CHECKS`. If settings are invalid, only their faults. */
export async function diagnose(context: Context): Promise<Finding[]> {
  try {
    const config = loadConfig(context.env);
    const findings: Finding[] = [["ok", "settings are valid"]];
    for (const check of CHECKS) {
      findings.push(...await check(config, context).catch((error: unknown): Finding[] => [["fail", reason(error)]]));
    }
    return findings;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.faults.map((fault): Finding => ["fail", fault]);
  }
}
