// snippet:on
import { createRemoteJWKSet, jwtVerify } from "jose"; // npm install jose

const AUTHFLOW = process.env.AUTHFLOW_URL ?? "http://localhost:8080";
const ISSUER = process.env.AUTHFLOW_ISSUER ?? "authflow-go";
const AUDIENCE = process.env.AUTHFLOW_AUDIENCE; // your name in the claim aud, if you have one
const REFETCH_AFTER = Number(process.env.AUTHFLOW_REFETCH_AFTER ?? 5) * 1000;

/** It is unknown whether the token is valid: answer your caller 503. Any other error: 401. */
export class Unknown extends Error {}

// Keeps the keys for five minutes; an unknown kid fetches them again, but not more often than REFETCH_AFTER.
const keys = createRemoteJWKSet(new URL(`${AUTHFLOW}/.well-known/jwks.json`), {
  cacheMaxAge: 300_000, cooldownDuration: REFETCH_AFTER,
});

async function keyOf(header, token) {
  try {
    return await keys(header, token);
  } catch (error) {
    if (/^ERR_(JWKS_\w+_MATCHING_KEYS?|JOSE_NOT_SUPPORTED)$/.test(error.code)) throw error; // the token is wrong
    throw new Unknown(`Authflow's keys can't be fetched: ${error.cause?.message ?? error.message}`);
  }
}

/** The claims of a token that Authflow signed and that has not expired; throws otherwise. */
export async function verify(token) {
  const { payload } = await jwtVerify(token, keyOf, {
    algorithms: ["RS256"], issuer: ISSUER, requiredClaims: ["exp", "sub", "jti"],
  });
  const { aud } = payload;
  if (aud !== undefined && ![aud].flat().includes(AUDIENCE))
    throw new Error(`the token is for ${aud}: set AUTHFLOW_AUDIENCE if that is you`);
  return payload;
}

/** Whether the token was not revoked. Throws Unknown if Authflow can't say it. */
export async function isLive(token) {
  const response = await fetch(`${AUTHFLOW}/userinfo`, {
    headers: { authorization: `Bearer ${token}` }, signal: AbortSignal.timeout(5_000),
  }).catch((error) => { throw new Unknown(`the live check failed: ${error.cause?.message ?? error.message}`); });
  if (response.ok) return true;
  if (response.status === 401) return false;
  throw new Unknown(`the live check failed with status ${response.status}`);
}
// snippet:off

// Reads one token a line, `live <token>` for the live check too, and says what it thinks of each.
import { createInterface } from "node:readline";

for await (const line of createInterface({ input: process.stdin })) {
  const token = line.replace(/^live /, "");
  try {
    const { sub } = await verify(token);
    if (line.startsWith("live ") && !await isLive(token)) throw new Error("revoked");
    console.log(`ok ${sub}`);
  } catch (error) {
    console.log(`${error instanceof Unknown ? "unknown" : "refused"} ${error.message}`);
  }
}
