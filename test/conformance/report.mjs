const cell = (text) => text.replace(/\s+/g, " ").replaceAll("|", "\\|");
const line = (cells) => `| ${cells.map(cell).join(" | ")} |`;
const OUTCOMES = ["passed", "warning", "review", "skipped", "failed", "interrupted", "unfinished"];

/** "13 passed, 1 skipped" */
export function summary(outcomes) {
  const counts = OUTCOMES.map((outcome) => [outcomes.filter((one) => one.outcome === outcome).length, outcome]);
  return counts.filter(([count]) => count > 0).map(([count, outcome]) => `${count} ${outcome}`).join(", ");
}

/** A plan's outcomes in Markdown. */
export const section = ({ plan, outcomes }) => `### ${plan.title} as a ${plan.role}: ${summary(outcomes)}

\`${plan.name}\`${variantOf(plan)}

${table(outcomes)}`;

/** The suite itself is the application in a provider's plan: then there is no answer to show. */
function table(outcomes) {
  const answer = outcomes.some(({ walked }) => walked !== "") ? ["Authflow's answer"] : [];
  const rows = outcomes.map(({ module, outcome, walked, reason }) =>
    [`\`${module}\``, outcome, ...answer.map(() => walked), reason]);
  const head = ["module", "outcome", ...answer, "reason"];
  return [head, head.map(() => "---"), ...rows].map(line).join("\n");
}

const variantOf = ({ variant = {} }) =>
  Object.entries(variant).map(([name, value]) => `, \`${name}=${value}\``).join("");

/** Replaces what stands between the marks `<!-- begin outcomes -->` and `<!-- end -->` of a page. */
export const fill = (page, text) =>
  page.replace(/(<!-- begin outcomes -->\n)[\s\S]*?(<!-- end -->)/, (_all, begin, end) => `${begin}${text}\n${end}`);
