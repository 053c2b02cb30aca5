import { beginLogin, finishLogin } from "./login.js";
import { showAnswer, showProblem, showToken } from "./view.js";

const element = (id) => document.getElementById(id);

// sessionStorage survives a reload and is deleted with the tab. Every script of this page could read it: hence the
// page's Content-Security-Policy allows its own files only.
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
    // 401: the token was already revoked, or has expired. After any other error the user is still logged in.
    if (status !== 200 && status !== 401) return;
    session.write({ ...session.read(), loggedOut: true });
    render();
    element("call-again").focus(); // the button that had the focus is hidden now
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
