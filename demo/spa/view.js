// Shows data on the page, as text and never as HTML, so that a token or an answer can't add elements to the page.

const MEANINGS = {
  sub: "The subject: who you are, to every service",
  iss: "The issuer of the token",
  jti: "The token’s id, which a logout revokes",
  iat: "When it was issued",
  exp: "When it expires",
  client_id: "The id of this page as a client of Authflow",
  provider: "Where you logged in",
  auth_time: "When you logged in there",
  amr: "How you logged in there: pwd is a password",
  email: "From there",
  email_verified: "Whether the address was verified there",
  name: "From there",
};

const decode = (part) => JSON.parse(new TextDecoder().decode(
  Uint8Array.from(atob(part.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0))));
const element = (id) => document.getElementById(id);

function make(tag, text, className = "") {
  return Object.assign(document.createElement(tag), { textContent: text, className });
}

function row([name, value]) {
  const group = document.createElement("div");
  const time = ["iat", "exp", "auth_time"].includes(name) ? ` (${new Date(value * 1000).toLocaleTimeString()})` : "";
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

export function showAnswer(output, { status, statusText, body }) {
  const line = make("p", `${status} ${statusText}`, status === 200 ? "status ok" : "status refused");
  output.replaceChildren(line, make("pre", JSON.stringify(body, null, 2)));
}

/** `milliseconds`: from the answer to the logout until the API refused the token; undefined if that is not known. */
export function showRefusal(milliseconds) {
  element("refusal").textContent = milliseconds === undefined
    ? ""
    : `The API refused the token ${milliseconds} ms after Authflow had answered the logout.`;
}

export function showProblem(text) {
  element("problem").textContent = text;
}
