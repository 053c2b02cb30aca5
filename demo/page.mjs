import { readFile } from "node:fs/promises";
import { html } from "ghtml";

export const STYLE = await readFile(new URL("spa/style.css", import.meta.url));

/**
 * Of the pages below. They load nothing but their style. They have no form-action: browsers apply it to all redirects
 * after a form too, which lead to Authflow and then to the application, whose address is not known here.
 */
export const POLICY =
  "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'";

/** A page of the provider or the platform (`kind`), which serves STYLE at /style.css. `body` is HTML. */
export const page = (kind, brand, title, body) => html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
</head>
<body class="${kind}">
<main class="narrow">
<p class="brand">${brand}</p>
<h1>${title}</h1>
!${body}
</main>
</body>
</html>
`;
