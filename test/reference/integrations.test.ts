import { spawn, type StdioOptions } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import t from "../support/tap.js";
import { python } from "../docs/verifiers.js";
import { freePort } from "../support/ports.js";
import { startServer } from "../support/process.js";
import { ROOT } from "../support/root.js";

/** What a service written for the reference service has to be given: nothing but another base URL. */
const server = await startServer(t);
const registration = await fetch(`${server.url}/clients`, {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ name: "my-app", redirect_uri: "https://my-app.com/callback" }),
});
const { client_id, client_secret } = await registration.json() as Record<string, string>;

interface Integration { folder: string; program: () => string | undefined; args: (port: string) => string[] }
const INTEGRATIONS: Record<string, Integration> = {
  Flask: {
    folder: "flask",
    program: () => python(t, "flask", "flask_jwt_extended", "requests", "jwt"),
    args: (port) => ["-m", "flask", "--app", "app", "run", "--port", port],
  },
  FastAPI: {
    folder: "fastapi",
    program: () => python(t, "fastapi", "uvicorn", "jose", "requests"),
    args: (port) => ["-m", "uvicorn", "app:app", "--port", port],
  },
  Express: { folder: "express", program: () => process.execPath, args: () => ["app.mjs"] },
};

for (const [framework, { folder, program, args }] of Object.entries(INTEGRATIONS)) {
  await t.test(`the ${framework} integration works with only the base URL changed`, async (t) => {
    const port = String(await freePort());
    const interpreter = program();
    if (interpreter === undefined) return;
    const url = `http://127.0.0.1:${port}`;
    const env = {
      PATH: process.env.PATH, PORT: port, FLASK_SECRET_KEY: "for sessions only", PYTHONDONTWRITEBYTECODE: "1",
      AUTHFLOW_URL: server.url, AUTHFLOW_CLIENT_ID: client_id, AUTHFLOW_CLIENT_SECRET: client_secret,
    };
    const stdio: StdioOptions = ["ignore", "ignore", "pipe"];
    const app = spawn(interpreter, args(port), { cwd: join(ROOT, "test/reference", folder), env, stdio });
    let complaints = "";
    app.stderr?.on("data", (chunk: Buffer) => { complaints += chunk.toString(); });
    t.teardown(() => { app.kill("SIGKILL"); });

    const post = (path: string, headers: Record<string, string>, body?: object): Promise<Response> =>
      fetch(url + path, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        ...(body && { body: JSON.stringify(body) }),
      });
    for (let tries = 0; !await fetch(url).then(() => true, () => false); tries++) {
      if (tries > 200 || app.exitCode !== null) throw new Error(`${framework} did not start: ${complaints}`);
      await sleep(100);
    }

    const denied = await post("/login", {}, { username: "alice", password: "wrong" });
    t.equal(denied.status, 401, "it authenticates its users itself");
    const login = await post("/login", {}, { username: "alice", password: "correct horse" });
    t.equal(login.status, 200, "it mints a token for a user it knows");
    const { access_token } = await login.json() as { access_token: string };
    const upload = (token?: string): Promise<Response> =>
      post("/upload", token === undefined ? {} : { authorization: `Bearer ${token}` });

    const accepted = await upload(access_token);
    t.equal(accepted.status, 200, "the token opens the protected route");
    t.same(await accepted.json(), { user: "alice" }, "which learns the sub");

    const [header, , signature] = access_token.split(".");
    const claims = { sub: "mallory", iss: "authflow-go", jti: "1", exp: 4102444800 };
    const forged = Buffer.from(JSON.stringify(claims)).toString("base64url");
    const refused = await upload([header, forged, signature].join("."));
    t.ok([401, 422].includes(refused.status), `a tampered token is refused (${refused.status})`);
    const { status } = await upload();
    t.ok([401, 403].includes(status), `no token is refused (${status})`);
  });
}
