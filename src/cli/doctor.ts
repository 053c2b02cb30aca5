import { Command } from "commander";
import { ConfigError, loadConfig } from "../config/load.js";
import { reason } from "../shared/loggable-error.js";
import type { Finding } from "./checks.js";
import { print } from "./run.js";

const LABELS = { ok: "  ok  ", note: " note ", fail: " FAIL " };

export const doctorCommand = new Command("doctor")
  .description("check settings, database, Redis, clock, issuer, JWKS and login providers, and say the remedy")
  .action(async () => {
    const findings = await diagnose(process.env);
    for (const [level, text] of findings) print(`${LABELS[level]} ${text}`);
    const failed = findings.filter(([level]) => level === "fail").length;
    print(failed === 0 ? "\nNothing stands in the way." : `\n${failed} thing${failed === 1 ? "" : "s"} to mend.`);
    process.exitCode = failed === 0 ? 0 : 1;
  });

async function diagnose(env: NodeJS.ProcessEnv): Promise<Finding[]> {
  try {
    const config = loadConfig(env);
    const findings: Finding[] = [["ok", "settings are valid"]];
    const [{ checkDatabase, checkIssuer, checkService }, { checkRedis }, { checkProviders }] =
      await Promise.all([import("./checks.js"), import("./redis-checks.js"), import("./provider-checks.js")]);
    for (const check of [checkIssuer, checkDatabase, checkRedis, checkService, checkProviders]) {
      findings.push(...await check(config).catch((error: unknown): Finding[] => [["fail", reason(error)]]));
    }
    return findings;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.faults.map((fault): Finding => ["fail", fault]);
  }
}
