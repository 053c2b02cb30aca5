// `npm run conformance [-- --plan <part of a name>] [--module <name>] [--log]` runs our plans in a conformance suite of
// the OpenID Foundation that runs at CONFORMANCE_SERVER, prints every module's outcome, and writes a complete run to
// docs/conformance.md. Exits 1 if a module fails. `--log` shows Authflow's log.
import { readFileSync, writeFileSync } from "node:fs";
import { isDeepStrictEqual, parseArgs } from "node:util";
import { PLANS } from "./plans.mjs";
import { provider } from "./provider.mjs";
import { relyingParty } from "./relying-party.mjs";
import { fill, section, summary } from "./report.mjs";
import { Suite } from "./suite.mjs";

/** What Authflow can be in a plan: functions that prepare it, and say what the plan has to know of it. */
const ROLES = { "relying party": relyingParty, provider };
const PAGE = new URL("../../docs/conformance.md", import.meta.url);

const { values: options } = parseArgs({
  options: { plan: { type: "string" }, module: { type: "string" }, log: { type: "boolean", default: false } },
});
const { CONFORMANCE_SERVER } = process.env;
if (!CONFORMANCE_SERVER) {
  console.error("Set CONFORMANCE_SERVER to the URL of a conformance suite that is running: see docs/conformance.md.");
  process.exit(1);
}
const suite = new Suite(CONFORMANCE_SERVER);
const version = await suite.version();

const results = [];
for (const plan of PLANS.filter(({ name }) => name.includes(options.plan ?? ""))) results.push(await run(plan));
const all = results.flatMap(({ outcomes }) => outcomes);
console.log(`Conformance suite ${version}: ${summary(all) || "no module has this name"}`);
if (all.length === 0 || all.some(({ isFault }) => isFault)) process.exitCode = 1;
if (options.plan === undefined && options.module === undefined) {
  const text = `Version ${version} of the suite.\n\n${results.map(section).join("\n\n")}\n`;
  writeFileSync(PAGE, fill(readFileSync(PAGE, "utf8"), text));
}

async function run(plan) {
  const party = await ROLES[plan.role](plan, {
    suite: new URL(CONFORMANCE_SERVER).origin, log: options.log ? "inherit" : "ignore",
  });
  const created = await suite.createPlan(plan, party.configuration);
  const outcomes = [];
  for (const module of created.modules) {
    if (options.module !== undefined && module.testModule !== options.module) continue;
    const outcome = await runModule(plan, party, created, module);
    outcomes.push(outcome);
    console.log(`${plan.role}  ${plan.title.padEnd(9)}  ${outcome.outcome.padEnd(11)}  ${outcome.module}`);
    if (outcome.isFault) console.log(`  ${outcome.reason}\n  ${outcome.log}`);
  }
  await party.stop?.();
  return { plan, outcomes };
}

/** A module passes if the suite says so, and if Authflow answered as expected, because the suite does not see that. */
async function runModule(plan, party, created, module) {
  const name = module.testModule;
  const special = plan.modules?.[name] ?? {};
  const { result, remarks, log, walked = [] } =
    await suite.run(created, module, (exposed) => party.walk(exposed, special));
  const expected = special.expected ?? plan.expected?.(name);
  const isUnexpected = expected !== undefined && !isDeepStrictEqual(walked, expected);
  const outcome = isUnexpected ? "failed" : result.toLowerCase();
  return {
    module: name, outcome, log, walked: walked.join(", "),
    isFault: !["passed", "warning", "review", "skipped"].includes(outcome),
    reason: [
      ...(isUnexpected ? [`Expected ${expected.join(", ")}.`] : []),
      ...(outcome === "passed" ? [] : [special.reason ?? remarks.join(" ")]),
    ].join(" "),
  };
}
