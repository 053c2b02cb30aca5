import cors from "cors";
import express from "express";
import { createRemoteJWKSet, errors, jwtVerify } from "jose";

/** A service behind Authflow: answers who brings a live token, and no one else. */
export function createApi({ authflow, app }) {
  return express()
    .disable("x-powered-by")
    .use(cors({ origin: app, exposedHeaders: "www-authenticate" }))
    .get("/hello", requireToken(authflow), (request, response) => {
      const { sub, name = sub } = request.claims;
      response.json({ message: `Hello, ${name}!`, your_subject: sub });
    });
}

/** Lets requests with a live token through, with its claims in `request.claims` (RFC 6750). */
function requireToken(authflow) {
  // Fetched once; an unknown kid fetches them again, at most every five seconds.
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
      // Whether it was revoked can't be known: neither yes nor no would be true.
      return response.status(503).json({ error: "temporarily_unavailable", error_description: "Try again soon" });
    }
    next();
  };
}

/** Without a call: the signature says that Authflow issued it, exp that it has not expired. */
async function verify(token, keys) {
  const { payload } = await jwtVerify(token, keys, {
    algorithms: ["RS256"], issuer: "authflow-go", requiredClaims: ["exp", "sub", "jti"],
  });
  // A token made out to an audience is for that service alone. Has yours a name? Then demand it: `audience` above.
  if (payload.aud !== undefined)
    throw new errors.JWTClaimValidationFailed("The token is for another service", payload, "aud");
  return payload;
}

/** With one call: only Authflow knows whether it was revoked. */
async function isLive(token, authflow) {
  const response = await fetch(`${authflow}/userinfo`, {
    headers: { authorization: `Bearer ${token}` }, signal: AbortSignal.timeout(5_000),
  });
  if (response.ok || response.status === 401) return response.ok;
  throw new Error(`GET /userinfo answered ${response.status}`);
}

/** A fault of the token. That the keys can't be fetched is none. */
const isRefusal = ({ code = "" }) => /^ERR_(JWT|JWS_|JOSE_ALG|JWKS_NO_MATCHING)/.test(code);

/** RFC 6750 §3.1: who sent no token is told what to send, and not that it was wrong. */
function refuse(response, description, challenge = 'Bearer error="invalid_token"') {
  response.status(401).set("www-authenticate", challenge);
  response.json({ error: "invalid_token", error_description: description });
}
