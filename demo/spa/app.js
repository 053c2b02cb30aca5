import { beginLogin, finishLogin } from "./login.js";
import { showAnswer, showProblem, showToken } from "./view.js";

const element = (id) => document.getElementById(id);

// Survives a reload and ends with the tab. Every script of this page could read it: the page's policy lets none in
// but its own files.
const session = {
  read: () => JSON.parse(sessionStorage.getItem("session") ?? "{}"),
  write: (value) => sessionStorage.setItem("session", JSON.stringify(value)),
};

function render() {
  const { token, loggedOut = false } = session.read();
  for (const step of document.querySelectorAll("[data-needs]"))
    step.hidden = step.dataset.needs === "token" ? token === undefined : !loggedOut;
  element("login").parentElement.hidden = token !== undefined;
  element("logout").parentElement.hidden = loggedOut;
  if (token !== undefined) showToken(token, loggedOut);
}

/** Sends a request with the token and shows its answer; resolves to its status. */
async function ask(method, url, output) {
  try {
    const headers = { authorization: `Bearer ${session.read().token}` };
    return await showAnswer(element(output), await fetch(url, { method, headers }));
  } catch {
    showProblem(`${new URL(url).origin} does not answer. Is the demo still running in the terminal?`);
  }
}

const config = await (await fetch("/config.json")).json();
const actions = {
  login: () => beginLogin(config),
  call: () => ask("GET", `${config.api}/hello`, "call-result"),
  "call-again": () => ask("GET", `${config.api}/hello`, "call-again-result"),
  logout: async () => {
    const status = await ask("POST", `${config.authflow}/logout`, "logout-result");
    // 401: it was logged out before, in another way. After anything else the user is still logged in.
    if (status !== 200 && status !== 401) return;
    session.write({ ...session.read(), loggedOut: true });
    render();
    element("call-again").focus(); // the button that had the focus is gone
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
// The back button may bring back this page as it was left, with a session that has changed since.
addEventListener("pageshow", ({ persisted }) => { if (persisted) render(); });
document.documentElement.dataset.ready = "";
