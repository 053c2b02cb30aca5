import { beginLogin, finishLogin } from "./login.js";
import { showAnswer, showProblem, showRefusal, showToken } from "./view.js";

const element = (id) => document.getElementById(id);

// sessionStorage survives a reload and is deleted with the tab. Every script of this page could read it: hence the
// page's Content-Security-Policy allows its own files only.
const session = {
  read: () => JSON.parse(sessionStorage.getItem("session") ?? "{}"),
  write: (value) => sessionStorage.setItem("session", JSON.stringify(value)),
};

function render() {
  const { token, loggedOut = false, refusedAfter } = session.read();
  for (const step of document.querySelectorAll("[data-needs]"))
    step.hidden = step.dataset.needs === "token" ? token === undefined : !loggedOut;
  element("login").parentElement.hidden = token !== undefined;
  element("logout").parentElement.hidden = loggedOut;
  if (token !== undefined) showToken(token, loggedOut);
  showRefusal(refusedAfter);
}

/** Sends a request with the token; resolves to its answer, and when that began to arrive. Undefined: there is none. */
async function send(method, url) {
  try {
    const response = await fetch(url, { method, headers: { authorization: `Bearer ${session.read().token}` } });
    const at = performance.now();
    return { status: response.status, statusText: response.statusText, body: await response.json(), at };
  } catch {
    showProblem(`${new URL(url).origin} does not answer. Is the demo still running in the terminal?`);
    return undefined;
  }
}

/** Sends a request with the token and shows its answer; resolves to it. */
async function ask(method, url, output) {
  const answer = await send(method, url);
  if (answer !== undefined) showAnswer(element(output), answer);
  return answer;
}

/** Calls the API until it refuses the token; resolves to the milliseconds from `since` to that answer. */
async function timeRefusal(since) {
  let answer;
  do answer = await send("GET", `${config.api}/hello`); while (answer?.status === 200);
  if (answer?.status === 401) return Math.max(1, Math.round(answer.at - since));
  if (answer !== undefined) showProblem(`The API answered ${answer.status} when it should refuse the token.`);
  return undefined;
}

const config = await (await fetch("/config.json")).json();
const actions = {
  login: () => beginLogin(config, config.provider),
  "login-local": () => beginLogin(config, "local"),
  call: () => ask("GET", `${config.api}/hello`, "call-result"),
  "call-again": () => ask("GET", `${config.api}/hello`, "call-again-result"),
  logout: async () => {
    const answer = await ask("POST", `${config.authflow}/logout`, "logout-result");
    // 401: the token was already revoked, or has expired. After any other error the user is still logged in.
    if (answer?.status !== 200 && answer?.status !== 401) return;
    session.write({ ...session.read(), loggedOut: true });
    render();
    element("call-again").focus(); // the button that had the focus is hidden now
    if (answer.status === 401) return;
    const refusedAfter = await timeRefusal(answer.at);
    session.write({ ...session.read(), refusedAfter });
    render();
  },
  restart: () => {
    sessionStorage.clear();
    location.reload();
  },
};
for (const [id, act] of Object.entries(actions)) {
  element(id).addEventListener("click", () => {
    showProblem("");
    void act();
  });
}

try {
  const token = await finishLogin(config);
  if (token !== undefined) session.write({ token });
} catch (error) {
  showProblem(`You are not logged in. ${error.message}`);
}
render();
// The back button may restore this page from the browser's cache with an outdated state.
addEventListener("pageshow", ({ persisted }) => { if (persisted) render(); });
document.documentElement.dataset.ready = "";
