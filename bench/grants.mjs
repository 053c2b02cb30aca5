// The requests of POST /token, and what they exchange.
import { basic, post } from "./measuring.mjs";

const REDIRECT_URI = "https://app.example.com/callback";
export const SCOPE = "openid offline_access";
/** Where the login page would be: the benchmark does its part. */
export const LOGIN_PAGE = "https://login.example.com/";
const PARALLEL = 16;

const token = (credentials, form) => ({
  method: "POST", path: "/token", body: new URLSearchParams(form).toString(),
  headers: { "content-type": "application/x-www-form-urlencoded", authorization: basic(credentials) },
});
export const clientCredentials = (credentials) => token(credentials, { grant_type: "client_credentials" });
export const codeExchange = (credentials) => (code) =>
  token(credentials, { grant_type: "authorization_code", code, redirect_uri: REDIRECT_URI });
export const refresh = (credentials) => (one) =>
  token(credentials, { grant_type: "refresh_token", refresh_token: one });

/** Logs a user in, whose session then gives codes: resolves to `amount` => the codes. */
export async function logIn({ url, credentials }) {
  const parameters = {
    client_id: credentials.client_id, redirect_uri: REDIRECT_URI, response_type: "code", scope: SCOPE,
  };
  const address = `${url}/authorize?${new URLSearchParams(parameters)}`;
  const visit = (to, cookie) => fetch(to, { redirect: "manual", headers: { accept: "text/html", cookie } });
  const cookieOf = ({ headers }, name) => headers.getSetCookie().find((one) => one.includes(name)).split(";", 1)[0];
  const codeIn = (answer) => new URL(answer.headers.get("location")).searchParams.get("code");

  const begun = await visit(address, "");
  const challenge = new URL(begun.headers.get("location")).searchParams.get("login_challenge");
  const accept = post("", { sub: "alice", email: "alice@example.com" }, { authorization: basic(credentials) });
  const accepted = await (await fetch(`${url}/logins/${challenge}/accept`, accept)).json();
  const session = cookieOf(await visit(accepted.redirect_to, cookieOf(begun, "authflow-login")), "authflow-session");
  return async (amount) => {
    const codes = [];
    const next = async () => {
      while (codes.length < amount) codes.push(codeIn(await visit(address, session)));
    };
    await Promise.all(Array.from({ length: PARALLEL }, next));
    return codes.slice(0, amount);
  };
}
