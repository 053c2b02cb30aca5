import express from "express";
import { html } from "ghtml";
import { page, POLICY, STYLE } from "./page.mjs";
import { findUser } from "./users.mjs";

const show = (title, body) => page("platform", "Demo Platform", title, body);

const loginPage = ({ client, login_hint: hint = "alice@example.com" }, challenge, entered) =>
  show(`Log in to ${client.client_name}`, html`
<p>This page takes the place of your platform’s own login page. Its table has two users, alice@example.com and
bob@example.com. The password of both is <b>demo</b>.</p>
<form method="post" action="/login">
<input type="hidden" name="login_challenge" value="${challenge}">
<p class="field"><label for="email">E-mail</label>
<input id="email" name="email" type="email" value="${entered?.email ?? hint}" required autocomplete="username"></p>
<p class="field"><label for="password">Password</label>
<input id="password" name="password" type="password" required autocomplete="current-password"
  !${entered ? html`aria-describedby="rule"` : ""}></p>
!${entered ? html`<p id="rule" class="fault" role="alert">This address and this password do not match.</p>` : ""}
<div class="actions">
<button class="primary">Log in</button>
<button name="cancel" value="yes" formnovalidate>Cancel</button>
</div>
</form>`);

const overPage = (home, problem) => show("This login can’t continue", html`
<p>${problem}.</p>
<p><a class="button primary" href="${home}">Back to the application</a></p>`);

/**
 * The login page of a platform that has users of its own, and its backend (docs/providers/local.md): it reads what is
 * asked, checks the password as always, and tells Authflow by one call who logged in. `client` may do that.
 */
export function createLoginPage({ app, authflow }, { client_id: id, client_secret: secret }) {
  /** Reads a challenge, or answers it (`how`: /accept or /reject). */
  async function ask(challenge, how = "", body = undefined) {
    const response = await fetch(`${authflow}/logins/${encodeURIComponent(challenge)}${how}`, {
      method: body === undefined ? "GET" : "POST",
      headers: { authorization: `Basic ${btoa(`${id}:${secret}`)}`, ...body && { "content-type": "application/json" } },
      ...body && { body: JSON.stringify(body) },
    });
    return response.json();
  }

  /** Where to send the browser (`redirect_to`), or the page to show. `fields`: what the person entered. */
  async function answer(challenge, fields) {
    const asked = await ask(challenge);
    if (asked.redirect_to || asked.error) return asked; // it has expired, for example
    if (fields?.cancel) return ask(challenge, "/reject", { error: "access_denied" });
    if (asked.prompt === "none") return ask(challenge, "/reject", { error: "login_required" });
    const user = fields && findUser(fields.email ?? "", fields.password ?? "");
    if (!user) return { page: loginPage(asked, challenge, fields) };
    return ask(challenge, "/accept", { ...user, email_verified: true, amr: ["pwd"] });
  }

  async function handle(request, response) {
    const fields = request.method === "POST" ? request.body ?? {} : undefined;
    const challenge = String((fields ?? request.query).login_challenge ?? "");
    const { redirect_to: next, page: shown, error_description: problem } = await answer(challenge, fields)
      .catch(() => ({ error_description: "Authflow does not answer" }));
    if (next) response.redirect(303, next);
    else response.status(shown && !fields ? 200 : 400).send(shown ?? overPage(app, problem));
  }

  return express()
    .disable("x-powered-by")
    .use((_request, response, next) => {
      response.set({
        "content-security-policy": POLICY, "cache-control": "no-store",
        "referrer-policy": "no-referrer", "x-content-type-options": "nosniff",
      });
      next();
    })
    .get("/style.css", (_request, response) => response.type("css").send(STYLE))
    .get("/login", handle)
    .post("/login", express.urlencoded({ extended: false }), handle);
}
