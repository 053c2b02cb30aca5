// The authorization code flow with PKCE (RFC 6749 §4.1, RFC 7636) for a page, which can't keep a secret.

const base64url = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const randomText = () => base64url(crypto.getRandomValues(new Uint8Array(32)));
const challengeOf = async (verifier) =>
  base64url(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier)));

/** Navigates to the login page of a provider; `local` is that of the platform itself. */
export async function beginLogin({ authflow, client_id, redirect_uri }, provider) {
  const [state, verifier] = [randomText(), randomText()];
  // sessionStorage belongs to one tab: logins in two tabs don't disturb each other.
  sessionStorage.setItem("login", JSON.stringify({ state, verifier }));
  location.assign(`${authflow}/auth/${provider}?${new URLSearchParams({
    client_id, redirect_uri, response_type: "code", state,
    code_challenge: await challengeOf(verifier), code_challenge_method: "S256",
  })}`);
}

/** Resolves to the access token if the URL has a code, else to undefined. Rejects if the login failed. */
export async function finishLogin({ authflow, client_id, redirect_uri }) {
  const answer = new URLSearchParams(location.search);
  if (!answer.has("code") && !answer.has("error")) return undefined;
  const started = JSON.parse(sessionStorage.getItem("login") ?? "{}");
  sessionStorage.removeItem("login");
  // A code is valid once: remove it from the URL, so that a reload or the back button does not send it again.
  history.replaceState(null, "", location.pathname);

  if (answer.get("state") !== started.state)
    throw new Error("This answer does not belong to a login that was started in this tab. Log in again.");
  if (answer.has("error")) throw new Error(`${answer.get("error_description")} (${answer.get("error")}).`);

  const response = await fetch(`${authflow}/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "authorization_code", code: answer.get("code"), code_verifier: started.verifier,
      client_id, redirect_uri,
    }),
  });
  const body = await response.json();
  if (!response.ok) throw new Error(`${body.error_description} (${body.error}).`);
  return body.access_token;
}
