import { ExpressAuth, getSession } from "@auth/express";
import express from "express";

const { AUTHFLOW_URL, AUTHFLOW_CLIENT_ID, AUTHFLOW_CLIENT_SECRET, APP_URL, PORT } = process.env;
const authflow = {
  id: "authflow",
  name: "Authflow",
  type: "oidc",
  issuer: AUTHFLOW_URL,
  clientId: AUTHFLOW_CLIENT_ID,
  clientSecret: AUTHFLOW_CLIENT_SECRET,
  checks: ["pkce", "state", "nonce"],
  idToken: false, // name and email are at /userinfo
};
const config = {
  providers: [authflow],
  callbacks: {
    jwt: ({ token, account }) => // Authflow's sub, and the access token for the logout
      (account ? { ...token, sub: account.providerAccountId, accessToken: account.access_token } : token),
    session: ({ session, token }) => ({ ...session, user: { ...session.user, id: token.sub } }),
  },
  events: { // ends the session at Authflow too: otherwise the next login needs no page
    signOut: ({ token }) => fetch(`${AUTHFLOW_URL}/logout`, {
      method: "POST", body: JSON.stringify({ session: true }),
      headers: { authorization: `Bearer ${token?.accessToken}`, "content-type": "application/json" },
    }),
  },
};

const app = express();
app.set("trust proxy", 1); // one proxy, which ends TLS
app.use("/auth", ExpressAuth(config));
app.get("/", async (request, response) => {
  const session = await getSession(request, config);
  response.json(session?.user ?? { message: `Log in at ${APP_URL}/auth/signin` });
});
app.listen(Number(PORT), () => console.log(`The application is at ${APP_URL}`));
