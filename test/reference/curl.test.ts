import { spawnSync } from "node:child_process";
import { Redis } from "ioredis";
import t from "../support/tap.js";
import { startServer } from "../support/process.js";
import { redis } from "../support/services.js";

// The reference documentation's requests, letter by letter; $BASE stands where its base URL stood.
const REGISTER = `curl -s -X POST $BASE/clients \\
-H "Content-Type: application/json" \\
-d '{
"name": "my-app",
"redirect_uri": "https://my-app.com/callback"
}'`;
const MINT = `curl -s -X POST $BASE/mint \\
-H "Content-Type: application/json" \\
-d '{
"sub": "username",
"provider": "google",
"email": "user@example.com",
"client_id": "'$AUTHFLOW_CLIENT_ID'",
"client_secret": "'$AUTHFLOW_CLIENT_SECRET'"
}'`;
const JWKS = "curl -s $BASE/.well-known/jwks.json";
const LOGOUT = `curl -s -X POST $BASE/logout -H "Authorization: Bearer $TOKEN"`;

const REDIS_URL = await redis(t);
const server = await startServer(t, REDIS_URL === undefined ? {} : { REDIS_URL });
const bash = (command: string, env: Record<string, string> = {}): Record<string, unknown> => {
  const { stdout, stderr } = spawnSync("bash", ["-c", command], {
    encoding: "utf8", env: { PATH: process.env.PATH, BASE: server.url, ...env },
  });
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout) as Record<string, unknown>;
};

await t.test("register, mint, publish the keys, log out, as the reference documents it", async (t) => {
  const client = bash(REGISTER) as Record<string, string>;
  t.match(client, { client_id: /^[0-9a-f-]{36}$/, client_secret: String, redirect_uri: "https://my-app.com/callback" });

  const { client_id: AUTHFLOW_CLIENT_ID = "", client_secret: AUTHFLOW_CLIENT_SECRET = "" } = client;
  const minted = bash(MINT, { AUTHFLOW_CLIENT_ID, AUTHFLOW_CLIENT_SECRET }) as Record<string, string>;
  const { access_token: TOKEN = "" } = minted;
  const claims = JSON.parse(Buffer.from(TOKEN.split(".")[1] ?? "", "base64url").toString()) as Record<string, unknown>;
  t.match(claims, { sub: "username", iss: "authflow-go", email: "user@example.com", provider: "google" });
  t.match(claims, { jti: String, iat: Number, exp: Number });

  const { keys } = bash(JWKS) as { keys: object[] };
  t.match(keys[0], { kty: "RSA", use: "sig", alg: "RS256", kid: String, n: String, e: "AQAB" });

  t.match(bash(LOGOUT, { TOKEN }), { revoked: true, jti: claims.jti });
  t.match(bash(LOGOUT, { TOKEN }), { error: "invalid_token" }, "a second logout is refused");
  if (REDIS_URL === undefined) return;
  const connection = new Redis(REDIS_URL);
  const expires = await connection.expiretime(`revoked:${String(claims.jti)}`);
  await connection.quit();
  t.equal(expires, claims.exp, "revoked:<jti> stands in Redis and expires with the token");
});
