import { createHash } from "node:crypto";
import { html } from "ghtml";

/** A page for a person whose login stops at Authflow. All text in it is escaped. */
export interface Page {
  title: string;
  paragraphs: string[];
  links?: { text: string; href: string }[];
  /** The request's id in the log. */
  reference?: string;
}

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
ul { list-style: none; margin: 1.25rem 0 0; padding: 0; display: grid; gap: 0.6rem; }
a { display: block; padding: 0.7rem 1rem; border: 1px solid var(--line); border-radius: 0.5rem; color: var(--link);
  font-weight: 600; text-align: center; text-decoration: none; }
a:hover { text-decoration: underline; }
a:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
footer { margin-top: 1.25rem; padding-top: 0.75rem; border-top: 1px solid var(--line); color: var(--muted);
  font-size: 0.85rem; }
`;

/** No scripts, no external content, no framing. The style sheet is allowed by its hash. */
export const PAGE_CSP = [
  "default-src 'none'", `style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'`,
  "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
].join(";");

const renderLinks = (links: NonNullable<Page["links"]>): string =>
  (links.length === 0 ? "" : html`<ul>!${links.map(renderLink).join("\n")}</ul>`);
const renderLink = ({ text, href }: { text: string; href: string }): string =>
  html`<li><a href="${href}">${text}</a></li>`;

export const renderPage = ({ title, paragraphs, links = [], reference }: Page): string => html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>!${STYLE}</style>
</head>
<body>
<main>
<h1>${title}</h1>
!${paragraphs.map((paragraph) => html`<p>${paragraph}</p>`).join("\n")}
!${renderLinks(links)}
!${reference === undefined ? "" : html`<footer>Request ${reference}</footer>`}
</main>
</body>
</html>
`;
