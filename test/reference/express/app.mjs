// An Express service in the manner of the reference documentation: jose over the remote JWKS.
import express from "express";
import { createRemoteJWKSet, jwtVerify } from "jose";

const { AUTHFLOW_URL, AUTHFLOW_CLIENT_ID, AUTHFLOW_CLIENT_SECRET, PORT } = process.env;
const JWKS = createRemoteJWKSet(new URL(`${AUTHFLOW_URL}/.well-known/jwks.json`));

const app = express();
app.use(express.json());

async function requireAuth(req, res, next) {
  const token = req.headers.authorization?.split(" ")[1];
  if (!token) return res.status(401).json({ error: "Missing token" });
  try {
    const { payload } = await jwtVerify(token, JWKS, { issuer: "authflow-go", algorithms: ["RS256"] });
    req.user = payload;
    next();
  } catch {
    res.status(401).json({ error: "Invalid token" });
  }
}

app.post("/login", async (req, res) => {
  const { username, password } = req.body;
  if (username !== "alice" || password !== "correct horse") {
    return res.status(401).json({ error: "Invalid credentials" });
  }
  const response = await fetch(`${AUTHFLOW_URL}/mint`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      sub: username, provider: "local", client_id: AUTHFLOW_CLIENT_ID, client_secret: AUTHFLOW_CLIENT_SECRET,
    }),
  });
  if (!response.ok) return res.status(500).json({ error: "Auth service unavailable" });
  res.json(await response.json());
});

app.post("/upload", requireAuth, (req, res) => res.json({ user: req.user.sub }));

app.listen(Number(PORT), "127.0.0.1");
