// snippet:on
import { createRemoteJWKSet, jwtVerify } from "jose"; // npm install jose

const AUTHFLOW = process.env.AUTHFLOW_URL ?? "http://localhost:8080";
const ISSUER = process.env.AUTHFLOW_ISSUER ?? "authflow-go";
const REFETCH_AFTER = Number(process.env.AUTHFLOW_REFETCH_AFTER ?? 5) * 1000;

// Keeps the keys for five minutes; an unknown kid fetches them again, but not more often than REFETCH_AFTER.
const keys = createRemoteJWKSet(new URL(`${AUTHFLOW}/.well-known/jwks.json`), {
  cacheMaxAge: 300_000, cooldownDuration: REFETCH_AFTER,
});

/** The claims of a token that Authflow signed and that has not expired; throws otherwise. */
export async function verify(token) {
  const { payload } = await jwtVerify(token, keys, {
    algorithms: ["RS256"], issuer: ISSUER, requiredClaims: ["exp", "sub", "jti"],
  });
  // A token with an audience is for that audience only: pass `audience: "<you>"` above to accept yours.
  if (payload.aud !== undefined) throw new Error("the token is for another service");
  return payload;
}

/** Whether the token was not revoked. Throws if that is unknown: answer your caller 503 then, not 200. */
export async function isLive(token) {
  const response = await fetch(`${AUTHFLOW}/userinfo`, {
    headers: { authorization: `Bearer ${token}` }, signal: AbortSignal.timeout(5_000),
  });
  if (response.ok) return true;
  if (response.status === 401) return false;
  throw new Error(`the live check failed with status ${response.status}`);
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
    console.log(`refused ${error.message}`);
  }
}
