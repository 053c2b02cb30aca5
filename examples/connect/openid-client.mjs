import express from "express";
import session from "express-session";
import * as oidc from "openid-client";

const { AUTHFLOW_URL, AUTHFLOW_CLIENT_ID, AUTHFLOW_CLIENT_SECRET, SESSION_SECRET, APP_URL, PORT } = process.env;
const isLocal = new URL(AUTHFLOW_URL).protocol === "http:"; // on your own machine only
const authflow = await oidc.discovery(new URL(AUTHFLOW_URL), AUTHFLOW_CLIENT_ID, AUTHFLOW_CLIENT_SECRET, undefined,
  { execute: isLocal ? [oidc.allowInsecureRequests] : [] });

const app = express();
app.set("trust proxy", 1); // one proxy, which ends TLS
app.use(session({
  secret: SESSION_SECRET, resave: false, saveUninitialized: false,
  cookie: { httpOnly: true, sameSite: "lax", secure: APP_URL.startsWith("https:") },
}));

app.get("/login", async (request, response) => {
  const [pkceCodeVerifier, expectedState, expectedNonce] =
    [oidc.randomPKCECodeVerifier(), oidc.randomState(), oidc.randomNonce()];
  request.session.login = { pkceCodeVerifier, expectedState, expectedNonce };
  response.redirect(oidc.buildAuthorizationUrl(authflow, {
    redirect_uri: `${APP_URL}/callback`, scope: "openid profile email", state: expectedState, nonce: expectedNonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier), code_challenge_method: "S256",
  }).href);
});

app.get("/callback", async (request, response) => {
  const checks = { ...request.session.login, idTokenExpected: true };
  const tokens = await oidc.authorizationCodeGrant(authflow, new URL(request.originalUrl, APP_URL), checks);
  const user = await oidc.fetchUserInfo(authflow, tokens.access_token, tokens.claims().sub);
  await new Promise((resolve) => request.session.regenerate(resolve)); // a new id: nobody else knows it
  Object.assign(request.session, { user, refreshToken: tokens.refresh_token });
  response.redirect("/");
});

app.get("/", (request, response) => {
  response.json(request.session.user ?? { message: `Log in at ${APP_URL}/login` });
});

app.get("/refresh", async (request, response) => { // before the access token expires
  const tokens = await oidc.refreshTokenGrant(authflow, request.session.refreshToken);
  request.session.refreshToken = tokens.refresh_token; // each is used once
  response.json({ expires_in: tokens.expiresIn() });
});

app.post("/logout", async (request, response) => {
  await oidc.tokenRevocation(authflow, request.session.refreshToken); // and with it the access tokens
  request.session.destroy(() => response.redirect("/"));
});

app.listen(Number(PORT), () => console.log(`The application is at ${APP_URL}`));
