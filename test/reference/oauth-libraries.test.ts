import * as oauth from "oauth4webapi";
import * as openid from "openid-client";
import t from "../support/tap.js";
import { decode, REDIRECT_URI } from "../support/app.js";
import { CHALLENGE, loginFixture, PKCE, VERIFIER } from "../support/login.js";

/** What clients of two libraries send as they are documented: nothing here knows how Authflow reads it. */
const { app, client, logIn } = await loginFixture(t);
const spa = await app.register({ token_endpoint_auth_method: "none" });
const url = await app.fastify.listen({ port: 0, host: "127.0.0.1" });
const METADATA = {
  issuer: "authflow-go", authorization_endpoint: `${url}/auth/corp`, token_endpoint: `${url}/token`,
  introspection_endpoint: `${url}/introspect`, userinfo_endpoint: `${url}/userinfo`,
  jwks_uri: `${url}/.well-known/jwks.json`,
};
const { client_id: id, client_secret: secret } = client;

/** The URL at the application to which a login of alice redirects her browser. */
const redirected = async (client_id: string): Promise<URL> =>
  (await logIn("alice", { ...PKCE, client_id, state: "a state" })).url;
/** What the library throws. */
const refusal = (call: Promise<unknown>): Promise<unknown> => call.then(() => undefined, (error: unknown) => error);

const OPENID: [method: string, clientId: string, auth: openid.ClientAuth][] = [
  ["client_secret_basic", id, openid.ClientSecretBasic(secret)],
  ["client_secret_post", id, openid.ClientSecretPost(secret)],
  ["none", spa.client_id, openid.None()],
];
for (const [method, clientId, auth] of OPENID) {
  await t.test(`openid-client exchanges a code and uses the token, by ${method}`, async (t) => {
    const config = new openid.Configuration(METADATA, clientId, {}, auth);
    openid.allowInsecureRequests(config);
    t.equal(await openid.calculatePKCECodeChallenge(VERIFIER), CHALLENGE);
    const tokens = await openid.authorizationCodeGrant(config, await redirected(clientId),
      { pkceCodeVerifier: VERIFIER, expectedState: "a state" });
    t.match(decode(tokens.access_token), { sub: "corp|alice", client_id: clientId });
    t.match(await openid.fetchUserInfo(config, tokens.access_token, "corp|alice"), { name: "The alice" });
    if (method !== "none")
      t.match(await openid.tokenIntrospection(config, tokens.access_token), { active: true, sub: "corp|alice" });
    t.match(await refusal(openid.fetchUserInfo(config, "no-token", openid.skipSubjectCheck)),
      { cause: [{ scheme: "bearer", parameters: { error: "invalid_token" } }] });
    t.match(await refusal(openid.authorizationCodeGrant(config, new URL(`${REDIRECT_URI}?code=unknown`),
      { pkceCodeVerifier: VERIFIER })), { error: "invalid_grant", status: 400 });
  });
}

await t.test("openid-client learns that its secret is wrong", async (t) => {
  const config = new openid.Configuration(METADATA, id, {}, openid.ClientSecretBasic("wrong+secret %"));
  openid.allowInsecureRequests(config);
  t.match(await refusal(openid.tokenIntrospection(config, "x")), { cause: [{ scheme: "basic" }] });
});

const OAUTH: [method: string, clientId: string, auth: oauth.ClientAuth][] = [
  ["client_secret_basic", id, oauth.ClientSecretBasic(secret)],
  ["client_secret_post", id, oauth.ClientSecretPost(secret)],
  ["none", spa.client_id, oauth.None()],
];
const INSECURE = { [oauth.allowInsecureRequests]: true };
for (const [method, clientId, auth] of OAUTH) {
  await t.test(`oauth4webapi exchanges a code and uses the token, by ${method}`, async (t) => {
    const oauthClient = { client_id: clientId };
    const parameters = oauth.validateAuthResponse(METADATA, oauthClient, await redirected(clientId), "a state");
    const response = await oauth.authorizationCodeGrantRequest(
      METADATA, oauthClient, auth, parameters, REDIRECT_URI, VERIFIER, INSECURE);
    const tokens = await oauth.processAuthorizationCodeResponse(METADATA, oauthClient, response);
    const userinfo = await oauth.userInfoRequest(METADATA, oauthClient, tokens.access_token, INSECURE);
    t.match(await oauth.processUserInfoResponse(METADATA, oauthClient, "corp|alice", userinfo), { name: "The alice" });
    if (method === "none") return;
    const introspection = await oauth.introspectionRequest(METADATA, oauthClient, auth, tokens.access_token, INSECURE);
    t.match(await oauth.processIntrospectionResponse(METADATA, oauthClient, introspection), { active: true });
  });
}
