import { createHash } from "node:crypto";

/** The style sheet of every page. */
export const STYLE = `
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
export const STYLE_HASH = createHash("sha256").update(STYLE).digest("base64");
