import { inflateSync } from "node:zlib";
import { createRemoteJWKSet, jwtVerify } from "jose"; // npm install jose

const AUTHFLOW = process.env.AUTHFLOW_URL ?? "http://localhost:8080";
const keys = createRemoteJWKSet(new URL(`${AUTHFLOW}/.well-known/jwks.json`), {
  cacheMaxAge: 300_000, cooldownDuration: 5_000,
});
const lists = new Map();

/** Whether a token, whose verified claims these are, was revoked. Throws if that is unknown: answer 503 then. */
export async function isRevoked({ status }) {
  const { idx, uri } = status.status_list;
  if (!uri.startsWith(`${AUTHFLOW}/status-lists/`)) throw new Error("the token names a list that is not Authflow's");
  const bits = await read(uri);
  if (idx >= bits.length * 8) throw new Error("the list has no such entry");
  return ((bits[idx >> 3] >> (idx & 7)) & 1) === 1;
}

async function read(uri) {
  for (const [known, { until }] of lists) if (until <= Date.now()) lists.delete(known);
  if (lists.has(uri)) return lists.get(uri).bits;
  const response = await fetch(uri, { signal: AbortSignal.timeout(5_000) });
  if (!response.ok) throw new Error(`the status list can't be read: status ${response.status}`);
  const { payload } = await jwtVerify(await response.text(), keys, {
    algorithms: ["RS256"], typ: "statuslist+jwt", subject: uri, requiredClaims: ["exp", "ttl"],
  });
  const bits = inflateSync(Buffer.from(payload.status_list.lst, "base64url"), { maxOutputLength: 2 ** 20 });
  lists.set(uri, { bits, until: Date.now() + payload.ttl * 1000 });
  return bits;
}
