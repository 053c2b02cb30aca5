import { InMemoryWebStorage, UserManager, WebStorageStateStore } from "oidc-client-ts";

const { VITE_AUTHFLOW_URL: AUTHFLOW, VITE_CLIENT_ID: CLIENT_ID } = import.meta.env;

export const users = new UserManager({
  authority: AUTHFLOW,
  client_id: CLIENT_ID,
  redirect_uri: `${location.origin}/callback`,
  scope: "openid profile email",
  loadUserInfo: true, // name and email are at /userinfo
  userStore: new WebStorageStateStore({ store: new InMemoryWebStorage() }), // no script finds the tokens in a storage
});

/** Once for each load of the page, and before all else: resolves to the user, or to null if nobody is logged in. */
export async function start() {
  if (location.pathname !== "/callback") { // a reload forgot the tokens: who is logged in at Authflow sees no page
    await users.signinRedirect({ prompt: "none", state: location.pathname + location.search });
    return new Promise(() => {}); // the browser leaves
  }
  try {
    const user = await users.signinRedirectCallback();
    history.replaceState(null, "", user.state); // a code has no business in the history
    return user;
  } catch (error) {
    history.replaceState(null, "", error.state ?? "/");
    if (error.error === "login_required") return null;
    throw error; // access_denied, for instance: the user went back. Show it, and offer to log in
  }
}

export const logIn = () => users.signinRedirect({ state: location.pathname + location.search });

/** Ends the session at Authflow, and with it the login of every application in this browser. Throws if it did not. */
export async function logOut() {
  const { access_token: token } = await users.signinSilent(); // the one in memory may have expired
  const response = await fetch(`${AUTHFLOW}/logout`, {
    method: "POST", headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ session: true }),
  });
  if (!response.ok) throw new Error(`The logout was answered ${response.status}: try again`);
  await users.removeUser();
}

/** The login has ended: a logout elsewhere, or its lifetime. On other errors the library tries again. */
users.events.addSilentRenewError(({ error }) => { if (error === "invalid_grant") users.removeUser(); });
