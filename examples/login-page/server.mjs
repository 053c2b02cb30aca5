import { randomBytes, scryptSync, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const { AUTHFLOW_URL = "http://localhost:8080", AUTHFLOW_CLIENT_ID, AUTHFLOW_CLIENT_SECRET, PORT = "3000" } =
  process.env;
const hashed = (password, salt = randomBytes(16)) => ({ salt, hash: scryptSync(password, salt, 32) });
const nobody = hashed("");
const users = new Map([ // your table of users
  ["alice@example.com", { sub: "1", name: "Alice", ...hashed("correct horse") }],
  ["bob@example.com", { sub: "2", name: "Bob", ...hashed("battery staple") }],
]);

function findUser(email, password) {
  const { salt, hash, ...user } = users.get(email) ?? nobody; // the same work for an unknown address
  return timingSafeEqual(scryptSync(password, salt, 32), hash) && users.has(email) ? user : undefined;
}

/** Reads a challenge, or answers it (`how`: accept or reject). */
async function authflow(challenge, how = "", body = undefined) {
  const authorization = `Basic ${btoa(`${AUTHFLOW_CLIENT_ID}:${AUTHFLOW_CLIENT_SECRET}`)}`;
  const response = await fetch(`${AUTHFLOW_URL}/logins/${encodeURIComponent(challenge)}${how}`, body === undefined
    ? { headers: { authorization } }
    : { method: "POST", headers: { authorization, "content-type": "application/json" }, body: JSON.stringify(body) });
  return response.json();
}

const WRONG = "This address and this password do not match.";
const escaped = (text) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
const form = ({ client, login_hint: hint = "" }, challenge, entered) => `
  <h1>Log in to ${escaped(client.client_name)}</h1><p role="alert">${entered ? WRONG : ""}</p><form method="post">
  <input type="hidden" name="login_challenge" value="${escaped(challenge)}">
  <label>E-mail <input name="email" type="email" autocomplete="username" required
    value="${escaped(entered?.get("email") ?? hint)}"></label>
  <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
  <button>Log in</button> <button name="cancel" value="1" formnovalidate>Cancel</button></form>`;

/** What to do for a request: the next address or a page. */
async function answer(challenge, fields) {
  const asked = await authflow(challenge);
  if (asked.redirect_to || asked.error) return asked; // it has expired, for example
  if (fields?.has("cancel")) return authflow(challenge, "/reject", { error: "access_denied" });
  if (asked.prompt === "none") return authflow(challenge, "/reject", { error: "login_required" });
  const email = fields?.get("email") ?? "";
  const user = fields && findUser(email, fields.get("password") ?? "");
  if (!user) return { page: form(asked, challenge, fields) };
  return authflow(challenge, "/accept", { ...user, email, email_verified: true, amr: ["pwd"] });
}

createServer(async (request, response) => {
  const fields = request.method === "POST" ? new URLSearchParams((await request.toArray()).join("")) : undefined;
  const challenge = (fields ?? new URL(request.url, "http://page").searchParams).get("login_challenge") ?? "";
  const { redirect_to: location, page, error_description: problem } = await answer(challenge, fields)
    .catch(() => ({ error_description: "Logins are not possible right now: try again" }));
  const headers = {
    "content-type": "text/html; charset=utf-8", "cache-control": "no-store", "referrer-policy": "no-referrer",
    // Without form-action: browsers apply it to the redirects after the form too, to Authflow and the application.
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  };
  if (location) response.writeHead(303, { ...headers, location }).end();
  else response.writeHead(page ? 200 : 400, headers)
    .end(`<!doctype html><html lang="en"><title>Log in</title><main>${page ?? escaped(problem)}</main></html>`);
}).listen(Number(PORT), "localhost", () => console.log(`The login page is at http://localhost:${PORT}/login`));
