// What the page shows. Texts only, never HTML: nothing that comes in a token or an answer can become part of the page.

const MEANINGS = {
  sub: "Who you are: the provider, and its own id of you",
  iss: "Who issued the token",
  jti: "Names this one token: what a logout revokes",
  iat: "When it was issued",
  exp: "When it expires",
  client_id: "This page, as it is registered with Authflow",
  provider: "Where you logged in",
  email: "As the provider says",
  email_verified: "Whether the provider vouches for the address",
  name: "As the provider says",
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
