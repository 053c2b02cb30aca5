import { html } from "ghtml";
import type { Operator, Page, PageForm } from "./page.js";
import { STYLE, STYLE_HASH } from "./page-style.js";

/**
 * No framing, no external content but the logos. The style sheet is allowed by its hash. Browsers apply
 * form-action to the redirect after a form too, which leads to the application: a page with a form goes without.
 */
export function pageCsp({ logo, form, links = [] }: Page, operator: Operator): string {
  const hasForm = form !== undefined || links.some((link) => "action" in link);
  const origins = [logo, operator.logo].filter((url) => typeof url === "string").map((url) => new URL(url).origin);
  return [
    "default-src 'none'", `style-src 'sha256-${STYLE_HASH}'`,
    ...(form?.script === undefined ? [] : [`script-src ${form.script}`]),
    ...(origins.length > 0 ? [`img-src ${[...new Set(origins)].join(" ")}`] : []),
    "base-uri 'none'", ...(hasForm ? [] : ["form-action 'none'"]), "frame-ancestors 'none'",
  ].join(";");
}

type Link = NonNullable<Page["links"]>[number];
const renderLinks = (links: Link[]): string =>
  (links.length === 0 ? "" : html`<ul>!${links.map(renderLink).join("\n")}</ul>`);
const renderLink = ({ text, mark, quiet, ...to }: Link): string => {
  const look = quiet ? ' class="quiet"' : "";
  const label = html`!${mark === undefined ? "" : renderMark(mark)}${text}`;
  if ("href" in to) return html`<li><a href="${to.href}"!${look}>!${label}</a></li>`;
  return html`<li><form method="post" action="${to.action}">!${renderFields(to.fields)}<button!${look}>!${
    label}</button></form></li>`;
};

const renderFields = (fields: Record<string, string>): string =>
  html`!${Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}`;
const renderForm = ({ action, fields, buttons, script }: PageForm): string =>
  html`<form method="post" action="${action}">
!${renderFields(fields)}
<ul>!${buttons.map(renderButton)}</ul>
</form>
!${script === undefined ? "" : html`<script src="${script}"></script>`}`;
const renderButton = ({ text, name, value, quiet }: PageForm["buttons"][number]): string => {
  const decision = name === undefined ? "" : html` name="${name}" value="${value}"`;
  return html`<li><button!${decision}!${quiet ? ' class="quiet"' : ""}>${text}</button></li>`;
};

const renderFacts = (facts: NonNullable<Page["facts"]>): string =>
  html`<dl>!${facts.map(([term, value]) => html`<dt>${term}</dt><dd dir="auto">${value}</dd>`)}</dl>`;

/** The initials of a provider's label: the providers' rules for their logos allow no drawings of our own. */
const renderMark = (label: string): string => {
  const initials = (label.match(/\p{Lu}/gu) ?? [...label.toUpperCase()]).slice(0, 2).join("");
  return html`<svg viewBox="0 0 24 24" aria-hidden="true"><rect width="24" height="24" rx="6"/><text x="12" y="16">${
    initials}</text></svg>`;
};

/** Decorative: the name stands beside it. */
const renderLogo = (url: string | null | undefined, name: string): string =>
  (url == null ? "" : html`<img class="${name}" src="${url}" alt="">`);
const renderOperator = ({ name, logo }: Operator): string => (name === undefined && logo === undefined ? ""
  : html`<p class="operator">!${renderLogo(logo, "mark")}<span>${name ?? ""}</span></p>`);

export const renderPage = (page: Page, operator: Operator): string => html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${page.title}${operator.name === undefined ? "" : ` – ${operator.name}`}</title>
<style>!${STYLE}</style>
</head>
<body>
<main>
!${renderOperator(operator)}
!${renderLogo(page.logo, "logo")}
<h1>${page.title}</h1>
!${page.paragraphs.map((paragraph) => html`<p>${paragraph}</p>`).join("\n")}
!${page.list === undefined ? "" : html`<ul class="plain">!${page.list.map((one) => html`<li>${one}</li>`)}</ul>`}
!${page.facts === undefined ? "" : renderFacts(page.facts)}
!${page.form === undefined ? "" : renderForm(page.form)}
!${renderLinks(page.links ?? [])}
!${page.note === undefined ? "" : html`<footer>${page.note}</footer>`}
!${page.reference === undefined ? "" : html`<footer>Request ${page.reference}</footer>`}
</main>
</body>
</html>
`;
