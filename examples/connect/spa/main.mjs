import { logIn, logOut, start, users } from "./login.mjs";

const element = (id) => document.getElementById(id);
const show = (user) => {
  element("user").value = user ? JSON.stringify({ sub: user.profile.sub, name: user.profile.name }) : "";
  element("token").value = user?.access_token ?? "";
  element("login").hidden = Boolean(user);
  element("logout").hidden = !user;
};
const fail = (error) => { element("problem").value = error.message; };

element("login").onclick = () => logIn().catch(fail);
element("logout").onclick = () => logOut().catch(fail);
users.events.addUserLoaded(show); // also after each refresh
users.events.addUserUnloaded(() => show(null));
start().then(show, (error) => { fail(error); show(null); });
