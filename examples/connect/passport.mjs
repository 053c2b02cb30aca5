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
}, (issuer, profile, done) => done(null, { id: profile.id, name: profile.displayName, emails: profile.emails })));
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
app.get("/", (request, response) => {
  response.json(request.user ?? { message: `Log in at ${APP_URL}/login`, failures: request.session.messages });
});
app.listen(Number(PORT), () => console.log(`The application is at ${APP_URL}`));
