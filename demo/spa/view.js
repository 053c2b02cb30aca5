// Shows data on the page, as text and never as HTML, so that a token or an answer can't add elements to the page.

const MEANINGS = {
  sub: "The subject: the provider, and your id there",
  iss: "The issuer of the token",
  jti: "The token’s id, which a logout revokes",
  iat: "When it was issued",
  exp: "When it expires",
  client_id: "The id of this page as a client of Authflow",
  provider: "Where you logged in",
  email: "From the provider",
  email_verified: "Whether the provider has verified the address",
  name: "From the provider",
};

const decode = (part) => JSON.parse(new TextDecoder().decode(
  Uint8Array.from(atob(part.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0))));
const element = (id) => document.getElementById(id);

function make(tag, text, className = "") {
  return Object.assign(document.createElement(tag), { textContent: text, className });
}

function row([name, value]) {
  const group = document.createElement("div");
  const time = name === "iat" || name === "exp" ? ` (${new Date(value * 1000).toLocaleTimeString()})` : "";
  group.append(make("dt", name), make("dd", `${value}${time}`), make("dd", MEANINGS[name] ?? "", "meaning"));
  return group;
}

export function showToken(token, loggedOut) {
  const [header, claims] = token.split(".").slice(0, 2).map(decode);
  element("who").textContent = loggedOut
    ? "You are logged out."
    : `You are logged in as ${claims.name ?? claims.sub}.`;
  element("claims").replaceChildren(...Object.entries(claims).map(row));
  element("header").textContent = JSON.stringify(header, null, 2);
  element("raw").textContent = token;
}

export async function showAnswer(output, response) {
  const { ok, status, statusText } = response;
  const body = JSON.stringify(await response.json(), null, 2);
  output.replaceChildren(make("p", `${status} ${statusText}`, ok ? "status ok" : "status refused"), make("pre", body));
  return status;
}

export function showProblem(text) {
  element("problem").textContent = text;
}
