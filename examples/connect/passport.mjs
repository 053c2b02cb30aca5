import express from "express";
import session from "express-session";
import passport from "passport";
import OpenIDConnectStrategy from "passport-openidconnect";

const { AUTHFLOW_URL, AUTHFLOW_CLIENT_ID, AUTHFLOW_CLIENT_SECRET, SESSION_SECRET, APP_URL, PORT } = process.env;

passport.use(new OpenIDConnectStrategy({
  issuer: AUTHFLOW_URL,
  authorizationURL: `${AUTHFLOW_URL}/authorize`,
  tokenURL: `${AUTHFLOW_URL}/token`,
  userInfoURL: `${AUTHFLOW_URL}/userinfo`,
  clientID: AUTHFLOW_CLIENT_ID,
  clientSecret: AUTHFLOW_CLIENT_SECRET,
  callbackURL: `${APP_URL}/callback`,
  scope: ["profile", "email"],
  nonce: true,
  skipUserProfile: false, // name and email are at /userinfo
}, (_issuer, { id, displayName: name, emails }, _context, _idToken, accessToken, _refreshToken, done) =>
  done(null, { id, name, emails, accessToken })));
passport.serializeUser((user, done) => done(null, user));
passport.deserializeUser((user, done) => done(null, user));

const app = express();
app.set("trust proxy", 1); // one proxy, which ends TLS
app.use(session({
  secret: SESSION_SECRET, resave: false, saveUninitialized: false,
  cookie: { httpOnly: true, sameSite: "lax", secure: APP_URL.startsWith("https:") },
}));
app.use(passport.session());
app.get("/login", passport.authenticate("openidconnect"));
app.get("/callback", passport.authenticate("openidconnect", { failureMessage: true, failureRedirect: "/" }),
  (request, response) => response.redirect("/"));
app.post("/logout", async (request, response, next) => {
  if (request.user) { // else Authflow's session goes on, and the next login needs no page
    const { status } = await fetch(`${AUTHFLOW_URL}/logout`, {
      method: "POST", body: JSON.stringify({ session: true }),
      headers: { authorization: `Bearer ${request.user.accessToken}`, "content-type": "application/json" },
    });
    if (status !== 200 && status !== 401) throw new Error(`the logout was answered ${status}`); // 401: it has ended
  }
  request.logout((error) => (error ? next(error) : response.redirect("/")));
});
app.get("/", (request, response) => {
  const { messages: failures } = request.session; // access_denied, for instance: the user went back
  delete request.session.messages;
  const { accessToken: _secret, ...user } = request.user ?? { message: `Log in at ${APP_URL}/login`, failures };
  response.json(user);
});
app.use((error, request, response, _next) => { // an authorization server that is down, a code that was used before
  console.error(error);
  response.status(502).json({ error: "the login failed: try again", message: `Log in at ${APP_URL}/login` });
});
app.listen(Number(PORT), () => console.log(`The application is at ${APP_URL}`));
