import presets from "@fastify/oauth2";
import type { JWTVerifyGetKey } from "jose";
import { AuthorizationCode } from "simple-oauth2";
import type { Clock } from "../shared/clock.js";
import { TIMING } from "../shared/timing.js";
import {
  type ConnectUpstream, type OAuthClientOptions, type OAuthEndpoints, type Upstream, UpstreamError,
} from "../providers/upstream.js";
import { checkEndpoint, getDocument, requestOptions, type Route, upstreamError } from "./http.js";
import { remoteKeys, verifyIdToken } from "./id-token.js";

/** Network access to identity providers. */
export const connectUpstreams = (
  clock: Clock,
  { socketPath, timeout = TIMING.upstreamTimeout }: Partial<Pick<Route, "socketPath" | "timeout">> = {},
): ConnectUpstream => (trustedOrigin) => {
  const route: Route = { trustedOrigin, socketPath, timeout };
  const keys = new Map<string, JWTVerifyGetKey>();
  const document: Upstream["getDocument"] = (url, bearerToken, name = withoutQuery(url)) =>
    getDocument(url, name, route, bearerToken);
  const keysAt = (jwksUri: string): JWTVerifyGetKey => {
    const known = keys.get(jwksUri) ?? remoteKeys(jwksUri, (url) => document(url, undefined, "the jwks_uri"));
    keys.set(jwksUri, known);
    return known;
  };
  return {
    checkEndpoint: (url, name) => { checkEndpoint(url, name, route); },
    getDocument: document,
    getJson: async (url, bearerToken, name = withoutQuery(url)) =>
      jsonObject(await document(url, bearerToken, name), name),
    oauthClient: (options) => oauthClient(options, route),
    verifyIdToken: (idToken, jwksUri, checks) => verifyIdToken(idToken, keysAt(jwksUri), checks, clock()),
  };
};

function oauthClient({ clientId, clientSecret, endpoints, authentication }: OAuthClientOptions, route: Route) {
  const auth = typeof endpoints === "string" ? presets.default[endpoints] as OAuthEndpoints : endpoints;
  const name = "the token endpoint";
  const tokenUrl = new URL(auth.tokenPath, auth.tokenHost).href;
  const client = new AuthorizationCode({
    client: { id: clientId, secret: clientSecret },
    auth,
    http: requestOptions(tokenUrl, name, route) as object,
    options: { authorizationMethod: authentication },
  });
  return {
    authorizeURL: (parameters: Record<string, string>) => client.authorizeURL(parameters),
    getToken: async (parameters: Record<string, string>) => {
      try {
        const { token } = await client.getToken(parameters as never);
        return jsonObject(token, name);
      } catch (error) {
        throw upstreamError(error, name);
      }
    },
  };
}

const withoutQuery = (url: string): string => url.split("?", 1)[0] as string;

function jsonObject(value: unknown, name: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new UpstreamError("untrustworthy", `${name} did not answer with a JSON object`);
}
