import cors from "cors";
import express from "express";
import { createRemoteJWKSet, errors, jwtVerify } from "jose";

/** A service that accepts Authflow's tokens: it answers only requests with a valid token. */
export function createApi({ authflow, app }) {
  return express()
    .disable("x-powered-by")
    .use(cors({ origin: app, exposedHeaders: "www-authenticate" }))
    .get("/hello", requireToken(authflow), (request, response) => {
      const { sub, name = sub } = request.claims;
      response.json({ message: `Hello, ${name}!`, your_subject: sub });
    });
}

/** Middleware that accepts requests with a valid token (RFC 6750) and sets `request.claims`. */
function requireToken(authflow) {
  // Cached for five minutes. An unknown kid fetches them again, at most every five seconds.
  const keys = createRemoteJWKSet(new URL(`${authflow}/.well-known/jwks.json`), {
    cacheMaxAge: 300_000, cooldownDuration: 5_000,
  });
  return async (request, response, next) => {
    response.set("cache-control", "no-store");
    const [, token] = /^Bearer ([\w.-]+)$/i.exec(request.headers.authorization ?? "") ?? [];
    if (token === undefined) return refuse(response, "Send an access token: Authorization: Bearer …", "Bearer");
    try {
      request.claims = await verify(token, keys);
      if (!await isLive(token, authflow)) return refuse(response, "The user has logged out");
    } catch (error) {
      if (isRefusal(error)) return refuse(response, error.message);
      // Authflow can't be reached, so it is not known whether the token was revoked: neither accept nor refuse it.
      return response.status(503).json({ error: "temporarily_unavailable", error_description: "Try again soon" });
    }
    next();
  };
}

/** Local, without a request to Authflow: checks the signature, the issuer, the expiry. Throws if one is wrong. */
async function verify(token, keys) {
  const { payload } = await jwtVerify(token, keys, {
    algorithms: ["RS256"], issuer: "authflow-go", requiredClaims: ["exp", "sub", "jti"],
  });
  // A token with an audience is only for that service. If your service has an audience, set `audience` above instead.
  if (payload.aud !== undefined)
    throw new errors.JWTClaimValidationFailed("The token is for another service", payload, "aud");
  return payload;
}

/** One request to Authflow, because only Authflow knows whether the token was revoked. */
async function isLive(token, authflow) {
  const response = await fetch(`${authflow}/userinfo`, {
    headers: { authorization: `Bearer ${token}` }, signal: AbortSignal.timeout(5_000),
  });
  if (response.ok || response.status === 401) return response.ok;
  throw new Error(`GET /userinfo answered ${response.status}`);
}

/** Whether the token is invalid. If the keys can't be fetched, that is not known. */
const isRefusal = ({ code = "" }) => /^ERR_(JWT|JWS_|JOSE_ALG|JWKS_NO_MATCHING)/.test(code);

/** RFC 6750 §3.1: the challenge has an error code only if the request had a token. */
function refuse(response, description, challenge = 'Bearer error="invalid_token"') {
  response.status(401).set("www-authenticate", challenge);
  response.json({ error: "invalid_token", error_description: description });
}
