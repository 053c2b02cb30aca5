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
  if (request.session.login === undefined) return response.redirect("/"); // an old address: the login is over
  const checks = { ...request.session.login, idTokenExpected: true };
  const tokens = await oidc.authorizationCodeGrant(authflow, new URL(request.originalUrl, APP_URL), checks);
  const user = await oidc.fetchUserInfo(authflow, tokens.access_token, tokens.claims().sub);
  await new Promise((resolve) => request.session.regenerate(resolve)); // a new id: nobody else knows it
  Object.assign(request.session, { user, refreshToken: tokens.refresh_token });
  response.redirect("/");
});

const invitation = { message: `Log in at ${APP_URL}/login` };
app.get("/", (request, response) => {
  response.json(request.session.user ?? invitation);
});

const forUsers = ({ session }, response, next) => (session.user ? next() : response.status(401).json(invitation));
/** The next tokens of this login. Each refresh token is used once. */
async function refresh({ session }) {
  const tokens = await oidc.refreshTokenGrant(authflow, session.refreshToken);
  session.refreshToken = tokens.refresh_token;
  return tokens;
}

app.get("/refresh", forUsers, async (request, response) => { // before the access token expires
  const tokens = await refresh(request);
  response.json({ expires_in: tokens.expiresIn() });
});

app.post("/logout", forUsers, async (request, response) => {
  const { access_token: token } = await refresh(request); // the one before may have expired
  const { ok, status } = await oidc.fetchProtectedResource(authflow, token, new URL(`${AUTHFLOW_URL}/logout`), "POST",
    JSON.stringify({ session: true }), new Headers({ "content-type": "application/json" }));
  if (!ok) throw new Error(`the logout was answered ${status}`); // the user is still logged in
  request.session.destroy(() => response.redirect("/"));
});

app.use((error, request, response, _next) => {
  if (error.error === "invalid_grant") // the login has ended: a logout elsewhere, or its lifetime
    return request.session.destroy(() => response.status(401).json(invitation));
  if (error instanceof oidc.AuthorizationResponseError) // access_denied, for instance: the user went back
    return response.status(403).json({ error: error.error, description: error.error_description, ...invitation });
  console.error(error);
  response.status(502).json({ error: "the login or logout failed: try again", ...invitation });
});

app.listen(Number(PORT), () => console.log(`The application is at ${APP_URL}`));
