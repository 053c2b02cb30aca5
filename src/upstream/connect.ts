import presets from "@fastify/oauth2";
import type { Clock } from "../shared/clock.js";
import { TIMING } from "../shared/timing.js";
import {
  type ConnectUpstream, type GetOptions, type TokenRequest, type Upstream, UpstreamError,
} from "../providers/upstream.js";
import { checkEndpoint, exchange, type Route } from "./http.js";
import { verifyIdToken, verifyUserinfo } from "./id-token.js";
import { isObject, parseJson } from "./json.js";
import { KeySet } from "./keys.js";

interface Options extends Partial<Pick<Route, "socketPath" | "timeout">> {
  /** Called with what failed in a login that succeeded without it. */
  onIgnored?: (failure: UpstreamError) => void;
}
interface Endpoints { authorizeHost?: string; authorizePath: string; tokenHost: string; tokenPath: string }

/** RFC 7515 §7.1: what a signed response looks like. */
const JWS = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** Network access to identity providers. */
export const connectUpstreams = (
  clock: Clock,
  { socketPath, timeout = TIMING.upstreamTimeout, onIgnored = () => undefined }: Options = {},
): ConnectUpstream => (trustedOrigins = []) => {
  const route: Route = { trustedOrigins, socketPath, timeout };
  const keySets = new Map<string, KeySet>();
  const getText = (url: string, { bearerToken, name = withoutQuery(url), attempts }: GetOptions, accept?: string) =>
    exchange(url, route, {
      name, attempts, accept, secrets: [bearerToken ?? ""],
      authorization: bearerToken === undefined ? undefined : `Bearer ${bearerToken}`,
    });
  const getDocument: Upstream["getDocument"] = async (url, options = {}) => {
    const document = parseJson(await getText(url, options));
    if (document !== undefined) return document;
    throw notJson(options.name ?? withoutQuery(url));
  };
  const keysAt = (jwksUri: string): KeySet => {
    const known = keySets.get(jwksUri) ?? new KeySet(() => getDocument(jwksUri, { name: "the jwks_uri" }), clock);
    keySets.set(jwksUri, known);
    return known;
  };
  return {
    endpoints: (preset) => {
      const { tokenHost, authorizeHost = tokenHost, authorizePath, tokenPath } = presets.default[preset] as Endpoints;
      return { authorization_endpoint: authorizeHost + authorizePath, token_endpoint: tokenHost + tokenPath };
    },
    checkEndpoint: (url, name) => { checkEndpoint(url, name, route); },
    getDocument,
    getJson: async (url, options = {}) =>
      jsonObject(await getDocument(url, options), options.name ?? withoutQuery(url)),
    requestToken: (request) => requestToken(request, route),
    verifyIdToken: (idToken, jwksUri, checks) => verifyIdToken(idToken, keysAt(jwksUri), checks, clock()),
    getUserinfo: async (url, bearerToken, jwksUri, checks) => {
      const name = "the userinfo endpoint";
      const body = await getText(url, { bearerToken, name }, "application/json, application/jwt");
      if (JWS.test(body.trim())) return verifyUserinfo(body.trim(), keysAt(jwksUri), checks, clock());
      return jsonObject(parseJson(body), name);
    },
    ignore: onIgnored,
  };
};

/** RFC 6749 §4.1.3, with the client's credentials as §2.3.1 says. */
async function requestToken(request: TokenRequest, route: Route): Promise<Record<string, unknown>> {
  const { endpoint, clientId, clientSecret, authentication, parameters } = request;
  const name = "the token endpoint";
  const { code = "", code_verifier: verifier = "" } = parameters;
  const body = await exchange(endpoint, route, {
    name,
    secrets: [code, verifier, clientSecret],
    ...(authentication === "client_secret_basic" && {
      authorization: `Basic ${Buffer.from(`${formEncode(clientId)}:${formEncode(clientSecret)}`).toString("base64")}`,
    }),
    form: {
      grant_type: "authorization_code", ...parameters,
      ...(authentication !== "client_secret_basic" && { client_id: clientId }),
      ...(authentication === "client_secret_post" && { client_secret: clientSecret }),
    },
  });
  return jsonObject(parseJson(body) ?? parseForm(body), name);
}

const formEncode = (text: string): string => encodeURIComponent(text).replaceAll("%20", "+");

/** Some providers answer with a form in place of JSON. Undefined if it is no token response. */
function parseForm(body: string): Record<string, string> | undefined {
  const form = Object.fromEntries(new URLSearchParams(body.trim()));
  return "access_token" in form || "error" in form ? form : undefined;
}

const withoutQuery = (url: string): string => url.split("?", 1)[0] as string;

function jsonObject(value: unknown, name: string): Record<string, unknown> {
  if (isObject(value)) return value;
  throw value === undefined ? notJson(name)
    : new UpstreamError("untrustworthy", `${name} did not answer with a JSON object`);
}

const notJson = (name: string): UpstreamError =>
  new UpstreamError("untrustworthy", `${name} did not answer with JSON`);
