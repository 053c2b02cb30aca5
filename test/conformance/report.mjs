const cell = (text) => text.replace(/\s+/g, " ").replaceAll("|", "\\|");
const line = (cells) => `| ${cells.map(cell).join(" | ")} |`;
const OUTCOMES = ["passed", "warning", "review", "skipped", "failed", "interrupted", "unfinished"];

/** "13 passed, 1 skipped" */
export function summary(outcomes) {
  const counts = OUTCOMES.map((outcome) => [outcomes.filter((one) => one.outcome === outcome).length, outcome]);
  return counts.filter(([count]) => count > 0).map(([count, outcome]) => `${count} ${outcome}`).join(", ");
}

/** A plan's outcomes in Markdown. */
export const section = ({ plan, outcomes }) => `### ${plan.title}: ${summary(outcomes)}

\`${plan.name}\`${variantOf(plan)}

${[["module", "outcome", "Authflow's answer", "reason"], ["---", "---", "---", "---"],
    ...outcomes.map(({ module, outcome, walked, reason }) => [`\`${module}\``, outcome, walked, reason])]
    .map(line).join("\n")}`;

const variantOf = ({ variant = {} }) =>
  Object.entries(variant).map(([name, value]) => `, \`${name}=${value}\``).join("");

/** Replaces what stands between the marks `<!-- begin outcomes -->` and `<!-- end -->` of a page. */
export const fill = (page, text) =>
  page.replace(/(<!-- begin outcomes -->\n)[\s\S]*?(<!-- end -->)/, (_all, begin, end) => `${begin}${text}\n${end}`);
