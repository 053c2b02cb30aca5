import { createHash } from "node:crypto";
import * as oauth from "oauth4webapi";
import t from "../support/tap.js";
import { logInAs } from "../support/openid.js";
import { REDIRECT_URI } from "../support/registration.js";
import { UserAgent } from "../support/user-agent.js";
import { authflow } from "./fixture.js";

const API = "https://api.example.com";
const INSECURE = { [oauth.allowInsecureRequests]: true };
const server = await authflow(t);
const agent = new UserAgent();

await t.test("the metadata is the same at both places, by OpenID Connect Discovery and RFC 8414", async (t) => {
  const issuer = new URL(server.url);
  const found = await Promise.all((["oidc", "oauth2"] as const).map(async (algorithm) =>
    oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm, ...INSECURE }))));
  t.strictSame(found[0], found[1]);
  t.match(found[0], { issuer: server.url, authorization_response_iss_parameter_supported: true });
});

const as = await oauth.processDiscoveryResponse(new URL(server.url),
  await oauth.discoveryRequest(new URL(server.url), INSECURE));
const { client_id, client_secret } = await server.register({ redirect_uris: [REDIRECT_URI] });
await server.operate("PATCH", `/clients/${client_id}`,
  { policy: { audiences: [API], at_jwt_audiences: [API], scopes: ["orders:read"] } });
const client: oauth.Client = { client_id, default_max_age: 600, require_auth_time: true };
const auth = oauth.ClientSecretBasic(client_secret);

/** A login whose request was pushed: its token response, with the library's checks before it. */
async function logIn(parameters: Record<string, string>) {
  const [verifier, state, nonce] =
    [oauth.generateRandomCodeVerifier(), oauth.generateRandomState(), oauth.generateRandomNonce()];
  const pushed = await oauth.processPushedAuthorizationResponse(as, client,
    await oauth.pushedAuthorizationRequest(as, client, auth, {
      response_type: "code", redirect_uri: REDIRECT_URI, state, nonce, max_age: "600", code_challenge_method: "S256",
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier), ...parameters,
    }, INSECURE));
  const url = new URL(as.authorization_endpoint ?? "");
  url.search = new URLSearchParams({ client_id, request_uri: pushed.request_uri }).toString();
  const visited = await agent.open(url);
  const answer = visited.text === "" ? visited.url : (await logInAs(agent, "alice", visited.url)).url;
  const response = await oauth.authorizationCodeGrantRequest(as, client, auth,
    oauth.validateAuthResponse(as, client, answer, state), REDIRECT_URI, verifier, INSECURE);
  const tokens = await oauth.processAuthorizationCodeResponse(as, client, response,
    { expectedNonce: nonce, maxAge: 600, requireIdToken: true });
  await oauth.validateApplicationLevelSignature(as, response, INSECURE);
  return tokens;
}

await t.test("a login by a pushed request; signature, nonce, max_age and at_hash hold", async (t) => {
  const tokens = await logIn({ scope: "openid email" });
  const hash = createHash("sha256").update(tokens.access_token).digest().subarray(0, 16).toString("base64url");
  t.match(oauth.getValidatedIdTokenClaims(tokens), { sub: "corp|alice", at_hash: hash, azp: client_id });
  const info = await oauth.userInfoRequest(as, client, tokens.access_token, INSECURE);
  t.match(await oauth.processUserInfoResponse(as, client, "corp|alice", info), { email: "alice@example.com" });
});

await t.test("a resource server accepts the token for it as RFC 9068 demands, and no other", async (t) => {
  const { access_token: token, refresh_token: refresh = "" } = await logIn({
    scope: "openid orders:read", resource: API,
  });
  const request = (bearer: string): Request => new Request(API, { headers: { authorization: `Bearer ${bearer}` } });
  const valid = (bearer: string, audience = API) =>
    oauth.validateJwtAccessToken(as, request(bearer), audience, INSECURE);
  t.match(await valid(token), { sub: "corp|alice", client_id, scope: "openid orders:read", auth_time: Number });
  await t.rejects(valid(token, "https://other.example.com"), { code: "OAUTH_JWT_CLAIM_COMPARISON_FAILED" });
  await t.rejects(valid((await logIn({ scope: "openid" })).access_token), "it has no audience");

  const narrowed = await oauth.processRefreshTokenResponse(as, client,
    await oauth.refreshTokenGrantRequest(as, client, auth, refresh,
      { additionalParameters: { scope: "orders:read" }, ...INSECURE }));
  t.match(await valid(narrowed.access_token), { scope: "orders:read" });
  await oauth.processRevocationResponse(
    await oauth.revocationRequest(as, client, auth, narrowed.access_token, INSECURE));
  const introspection = await oauth.introspectionRequest(as, client, auth, narrowed.access_token, INSECURE);
  t.strictSame(await oauth.processIntrospectionResponse(as, client, introspection), { active: false });
});
