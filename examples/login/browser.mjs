const AUTHFLOW = "https://auth.example.com";
const CLIENT_ID = "019a8e5c-7f00-7c4e-9d1a-3f1c2b4a5d6e";
const REDIRECT_URI = `${location.origin}/callback`; // registered, character by character

const base64url = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

/** Sends the user to the provider. */
export async function logIn(provider) {
  const [state, verifier] = [random(), random()];
  sessionStorage.setItem(`login ${state}`, verifier); // one per tab
  const challenge = base64url(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier)));
  location.assign(`${AUTHFLOW}/auth/${provider}?${new URLSearchParams({
    client_id: CLIENT_ID, redirect_uri: REDIRECT_URI, response_type: "code", state,
    code_challenge: challenge, code_challenge_method: "S256",
  })}`);
}

/** On the page at REDIRECT_URI: resolves to the access token, or throws why there is none. */
export async function finishLogin() {
  const answer = new URLSearchParams(location.search);
  history.replaceState(null, "", location.pathname); // a code has no business in the history
  const key = `login ${answer.get("state")}`;
  const verifier = sessionStorage.getItem(key);
  sessionStorage.removeItem(key);
  if (verifier === null) throw new Error("This login was not begun in this tab");
  if (answer.has("error")) throw new Error(`${answer.get("error")}: ${answer.get("error_description")}`);
  const response = await fetch(`${AUTHFLOW}/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "authorization_code", code: answer.get("code"), redirect_uri: REDIRECT_URI,
      client_id: CLIENT_ID, code_verifier: verifier,
    }),
  });
  const token = await response.json();
  if (!response.ok) throw new Error(`${token.error}: ${token.error_description}`);
  return token.access_token;
}
