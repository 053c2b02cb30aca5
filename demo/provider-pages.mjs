import { text } from "node:stream/consumers";
import { html } from "ghtml";
import { errors } from "oidc-provider";
import { page, POLICY, STYLE } from "./page.mjs";

const NAME = "[A-Za-z0-9_.\\-]{1,40}";

const show = (title, body) => page("provider", "Demo Provider", title, body);

const loginPage = (fault) => show("Sign in", html`
<p>This page takes the place of Google, Microsoft or your company’s login. Any name works, and there is no password.</p>
<form method="post">
<label for="name">Name</label>
<input id="name" name="name" value="alice" required pattern="${NAME}" autocomplete="off" autocapitalize="none"
  spellcheck="false" aria-describedby="rule">
<p id="rule" !${fault ? html`class="fault" role="alert"` : ""}>Letters, digits, dots and dashes, at most 40.</p>
<div class="actions">
<button class="primary">Sign in</button>
<button name="cancel" value="yes" formnovalidate>Cancel</button>
</div>
</form>`);

/** Sends one of the pages above with a strict policy. oidc-provider's own pages do not get it: they need a script. */
function send(context, policy, body) {
  context.type = "html";
  context.set({
    "content-security-policy": policy, "cache-control": "no-store",
    "referrer-policy": "no-referrer", "x-content-type-options": "nosniff",
  });
  context.body = body;
}

const OVER = "Most likely it is already finished, or it has expired.";
const REFUSED = "The application’s request is not valid. For a client of your own, compare it with the variables " +
  "DEMO_PROVIDER_CLIENT_ID and DEMO_PROVIDER_REDIRECT_URI.";

/** oidc-provider's renderError: the page for errors that can't be sent to the application by redirect. */
export const showError = (home) => (context, { error_description: description }, error) => {
  send(context, `${POLICY}; form-action 'none'`, show("This sign-in can’t continue", html`
<p>${error instanceof errors.SessionNotFound ? OVER : REFUSED}</p>
!${description ? html`<p class="quiet">The provider says: ${description}.</p>` : ""}
<p><a class="button primary" href="${home}">Back to the application</a></p>`));
};

/** Middleware that serves the login page, to which oidc-provider redirects users: /interaction/:uid. */
export function loginPages(provider, { app }) {
  return async (context, next) => {
    if (context.path === "/style.css") {
      context.type = "css";
      context.body = STYLE;
    } else if (context.path.startsWith("/interaction/")) await interaction(context);
    else await next();
  };

  async function interaction(context) {
    try {
      // Throws if there is no login in progress.
      await provider.interactionDetails(context.req, context.res);
      const form = new URLSearchParams(context.method === "POST" ? await text(context.req) : "");
      if (form.has("cancel")) return await finish(context, { error: "access_denied", error_description: "cancelled" });
      const name = form.get("name");
      // The consent answers a client that asks with prompt=consent.
      if (new RegExp(`^${NAME}$`).test(name ?? ""))
        return await finish(context, { login: { accountId: name }, consent: {} });
      context.status = name === null ? 200 : 400;
      send(context, POLICY, loginPage(name !== null));
    } catch (error) {
      if (!(error instanceof errors.SessionNotFound)) throw error;
      context.status = 400;
      showError(app)(context, {}, error);
    }
  }

  async function finish(context, result) {
    const next = await provider.interactionResult(context.req, context.res, result, { mergeWithLastSubmission: false });
    context.redirect(next);
    context.status = 303;
  }
}
