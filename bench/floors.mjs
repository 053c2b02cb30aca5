// The two floors: the least that any such service costs. Each is a separate process: `floors.mjs sign <milliseconds>`
// and `floors.mjs fastify <JWKS bytes>`.
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import Fastify from "fastify";
import Sqlite from "libsql";

const { privateKey: pem } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  privateKeyEncoding: { type: "pkcs8", format: "pem" }, publicKeyEncoding: { type: "spki", format: "pem" },
});
// Made from PEM, as the service makes its key.
const privateKey = createPrivateKey(pem);
const HEADER = Buffer.from(JSON.stringify({ alg: "RS256", typ: "JWT", kid: "x".repeat(43) })).toString("base64url");

const signAsync = promisify(sign); // on the libuv pool
const encode = (claims) => `${HEADER}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}`;

/** Signs synchronously in a loop for this long. */
function signInLoop(milliseconds) {
  const input = Buffer.from(encode(claimsOf({ sub: "alice", provider: "local", email: "alice@example.com" })));
  for (let i = 0; i < 100; i++) sign("sha256", input, privateKey);
  const before = process.cpuUsage();
  const end = performance.now() + milliseconds;
  let signatures = 0;
  for (; performance.now() < end; signatures++) sign("sha256", input, privateKey);
  const { user, system } = process.cpuUsage(before);
  process.send({ signatures, cpu: (user + system) / 1e6 });
}

function claimsOf({ sub, provider, email }) {
  const iat = Math.floor(Date.now() / 1000);
  return { iss: "authflow-go", sub, client_id: ID, provider, email, jti: ID, iat, exp: iat + 3600 };
}
const ID = "019a8e5c-7f00-7c4e-9d1a-3f1c2b4a5d6e";

/** Fastify with its default options, and the minimum of a token service: a JSON body, an asynchronous signature. */
async function serveBare(jwksBytes) {
  const app = Fastify();
  app.post("/mint", async ({ body }) => {
    const input = encode(claimsOf(body));
    const signature = await signAsync("sha256", Buffer.from(input), privateKey);
    return { access_token: `${input}.${signature.toString("base64url")}`, token_type: "Bearer", expires_in: 3600 };
  });
  const publicKey = createPublicKey(privateKey);
  app.addContentTypeParser("application/x-www-form-urlencoded", { parseAs: "string" }, (_request, body, done) => {
    done(null, Object.fromEntries(new URLSearchParams(body)));
  });
  /** The least that an introspection can do: verify one signature, parse the claims, look at `exp`. */
  app.post("/introspect", async ({ body }) => {
    const [header, payload, signature] = body.token.split(".");
    const input = Buffer.from(`${header}.${payload}`);
    const isValid = verify("sha256", input, publicKey, Buffer.from(signature, "base64url"));
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString());
    return isValid && claims.exp > Date.now() / 1000 ? { ...claims, active: true } : { active: false };
  });
  app.post("/logout", serveLogout(publicKey));
  const document = "x".repeat(jwksBytes);
  app.get("/jwks", async () => document);
  process.send({ url: await app.listen({ host: "127.0.0.1", port: 0 }) });
}

/**
 * The least that a durable logout can do: verify one signature and write one row. Rows that arrive while others are
 * being written share the next transaction, and its one fsync.
 */
function serveLogout(publicKey) {
  const db = new Sqlite(join(mkdtempSync(join(tmpdir(), "authflow-floor-")), "floor.db"));
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE revoked (jti TEXT PRIMARY KEY)");
  const insert = db.prepare("INSERT OR IGNORE INTO revoked (jti) VALUES (?)");
  let waiting = [];
  const flush = () => {
    const batch = waiting;
    waiting = [];
    db.exec("BEGIN IMMEDIATE");
    for (const { jti } of batch) insert.run(jti);
    db.exec("COMMIT");
    for (const { resolve } of batch) resolve();
  };
  return async ({ headers }) => {
    const [header, payload, signature] = headers.authorization.slice("Bearer ".length).split(".");
    const input = Buffer.from(`${header}.${payload}`);
    if (!verify("sha256", input, publicKey, Buffer.from(signature, "base64url"))) throw new Error("invalid");
    const { jti } = JSON.parse(Buffer.from(payload, "base64url").toString());
    await new Promise((resolve) => {
      waiting.push({ jti: `${jti}${Math.random()}`, resolve });
      if (waiting.length === 1) setImmediate(flush);
    });
    return { revoked: true, jti };
  };
}

const [kind, amount] = process.argv.slice(2);
if (kind === "sign") signInLoop(Number(amount));
else await serveBare(Number(amount));
