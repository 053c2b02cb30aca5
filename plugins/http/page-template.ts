import { createHash } from "node:crypto";
import { html } from "ghtml";

/** A page for a person whose login stops at Authflow. All text in it is escaped. */
export interface Page {
  title: string;
  /** The URL of the application's logo. */
  logo?: string | null;
  paragraphs: string[];
  /** Below the paragraphs, as a list. */
  list?: string[];
  /** Below that: what the person should look at before a decision, each with what it is. */
  facts?: [term: string, value: string][];
  /** `mark`: whether the link's label, which is a provider's name, has a mark beside it. `quiet`: it stands back. */
  links?: { text: string; href: string; mark?: string; quiet?: true }[];
  /** What the person decides by one of the buttons. */
  form?: PageForm;
  /** Small, at the end. */
  note?: string;
  /** The request's id in the log. */
  reference?: string;
}
interface PageForm {
  action: string;
  fields: Record<string, string>;
  buttons: { text: string; name?: string; value?: string; quiet?: true }[];
  /** A script sends it when the page is loaded; without scripts, its button does. */
  isSentAtOnce?: true;
}
interface Operator { name: string | undefined; logo: string | undefined }

const STYLE = `
:root { color-scheme: light dark;
  --text: #1c2430; --muted: #56606f; --back: #f5f6f8; --card: #fff; --line: #d5dae1; --link: #0b57c2; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e8ebf0; --muted: #a7b0bd; --back: #12161c; --card: #1b212a; --line: #39424f; --link: #8ab8ff; }
}
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; background: var(--back);
  color: var(--text); font: 1rem/1.55 system-ui, sans-serif; }
main { width: 100%; max-width: 30rem; padding: 1.75rem; background: var(--card); border: 1px solid var(--line);
  border-radius: 0.75rem; overflow-wrap: anywhere; }
h1 { margin: 0 0 0.75rem; font-size: 1.35rem; line-height: 1.3; }
p { margin: 0 0 0.75rem; }
img { display: block; max-width: 100%; object-fit: contain; background: #fff; border-radius: 0.4rem; padding: 0.2rem; }
.logo { height: 4rem; margin-bottom: 1rem; }
.operator { display: flex; align-items: center; gap: 0.6rem; margin-bottom: 1.25rem; color: var(--muted); }
.operator img { height: 1.9rem; }
ul { list-style: none; margin: 1.25rem 0 0; padding: 0; display: grid; gap: 0.6rem; }
ul.plain { list-style: disc; margin: 0 0 0.75rem; padding-left: 1.25rem; gap: 0.2rem; }
dl { margin: 1.25rem 0 0; padding: 0.75rem 1rem; border: 1px solid var(--line); border-radius: 0.5rem; }
dt { color: var(--muted); font-size: 0.85rem; }
dd { margin: 0; font-weight: 600; }
dd + dt { margin-top: 0.6rem; }
a, button { display: flex; align-items: center; justify-content: center; gap: 0.6rem; padding: 0.7rem 1rem;
  border: 1px solid var(--line); border-radius: 0.5rem; color: var(--link); font-weight: 600; text-decoration: none; }
button { width: 100%; background: none; font: inherit; font-weight: 600; cursor: pointer; }
a.quiet, button.quiet { border-color: transparent; font-weight: 400; text-decoration: underline; }
a:hover, button:hover { text-decoration: underline; }
a:focus-visible, button:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
svg { flex: none; width: 1.6rem; height: 1.6rem; fill: var(--muted); }
svg text { fill: var(--card); font-size: 11px; font-weight: 700; text-anchor: middle; }
footer { margin-top: 1.25rem; padding-top: 0.75rem; border-top: 1px solid var(--line); color: var(--muted);
  font-size: 0.85rem; }
`;
const SCRIPT = "document.forms[0].submit();";
/** A source of Content Security Policy that allows exactly this text. */
const sourceOf = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
const [STYLE_SOURCE, SCRIPT_SOURCE] = [sourceOf(STYLE), sourceOf(SCRIPT)];

/**
 * No framing, no external content but the logos. Style sheet and script are allowed by their hashes. Browsers apply
 * form-action to the redirect after a form too, which leads to the application: a page with a form goes without.
 */
export function pageCsp({ logo, form }: Page, operator: Operator): string {
  const origins = [logo, operator.logo].filter((url) => typeof url === "string").map((url) => new URL(url).origin);
  return [
    "default-src 'none'", `style-src ${STYLE_SOURCE}`,
    ...(form?.isSentAtOnce ? [`script-src ${SCRIPT_SOURCE}`] : []),
    ...(origins.length > 0 ? [`img-src ${[...new Set(origins)].join(" ")}`] : []),
    "base-uri 'none'", ...(form === undefined ? ["form-action 'none'"] : []), "frame-ancestors 'none'",
  ].join(";");
}

type Link = NonNullable<Page["links"]>[number];
const renderLinks = (links: Link[]): string =>
  (links.length === 0 ? "" : html`<ul>!${links.map(renderLink).join("\n")}</ul>`);
const renderLink = ({ text, href, mark, quiet }: Link): string =>
  html`<li><a href="${href}"!${quiet ? ' class="quiet"' : ""}>!${mark === undefined ? "" : renderMark(mark)}${
    text}</a></li>`;

const renderForm = ({ action, fields, buttons, isSentAtOnce }: PageForm): string =>
  html`<form method="post" action="${action}">
!${Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
<ul>!${buttons.map(renderButton)}</ul>
</form>
!${isSentAtOnce ? `<script>${SCRIPT}</script>` : ""}`;
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
