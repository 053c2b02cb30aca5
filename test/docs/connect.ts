import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import http from "node:http";
import { createServer } from "node:https";
import { dirname, join } from "node:path";
import { ADMIN, asAdmin } from "../e2e/support.js";
import type { Certificates } from "../support/certificates.js";
import { listen, openIdUpstream } from "../support/openid.js";
import { startListening } from "../support/listening-program.js";
import { freePort } from "../support/ports.js";
import { ROOT } from "../support/root.js";
import { serve, type Served } from "../support/serve.js";
import { binary, missing, type Suite, temporaryFolder } from "../support/services.js";
import { post } from "./post.js";
import type { Command } from "./verifiers.js";

export const EXAMPLES = join(ROOT, "examples/connect");
/** Of the documents: what the tests put their own addresses in place of. */
export const AUTHFLOW = "https://auth.example.com";
export interface Connected extends Served {
  /** Registers an application at `origin`, whose access tokens are for `api` unless it says otherwise. */
  register(origin: string, api: string, policy?: object): Promise<Record<string, string>>;
  /** The operator ends all tokens of a session, or of a subject. */
  revoke(names: Record<string, string>): Promise<void>;
  /** An access token of the client's own, by the client's id and secret as `register` names them. */
  tokenOf(client: Record<string, string>, resource: string): Promise<string>;
}

/** Authflow at a port of its own with one provider: npm oidc-provider, where any name logs in. */
export async function authflow(t: Suite): Promise<Connected> {
  const PORT = String(await freePort());
  const upstream = await openIdUpstream(t, { callbacks: [`http://localhost:${PORT}/auth/corp/callback`] });
  const served = await serve(t, { ...upstream.settings, PORT, AUTHFLOW_ADMIN_TOKEN: ADMIN });
  const headers = { ...asAdmin, "content-type": "application/json" };
  return {
    ...served,
    async register(origin, api, policy = {}) {
      const grant_types = ["authorization_code", "refresh_token", "client_credentials"];
      const redirect_uris = ["/callback", "/oidc/callback/", "/login/oauth2/code/authflow", "/oauth2/callback",
        "/auth/authflow/callback"].map((path) => origin + path);
      const { client_id = "", client_secret = "" } =
        await post(`${served.url}/clients`, { client_name: "shop", redirect_uris, grant_types }, ADMIN);
      const { status } = await fetch(`${served.url}/clients/${client_id}`, {
        method: "PATCH", headers, body: JSON.stringify({
          permissions: ["login", "introspect:any"],
          policy: { scopes: ["orders:read"], default_audience: [api], ...policy },
        }),
      });
      if (status !== 200) throw new Error(`the client's policy: ${status}`);
      return {
        AUTHFLOW_URL: served.url, AUTHFLOW_CLIENT_ID: client_id, AUTHFLOW_CLIENT_SECRET: client_secret,
        APP_URL: origin, API_URL: api, SESSION_SECRET: "a-secret-of-the-tests-0123456789",
      };
    },
    async tokenOf({ AUTHFLOW_CLIENT_ID: id, AUTHFLOW_CLIENT_SECRET: secret }, resource) {
      const response = await fetch(`${served.url}/token`, {
        method: "POST", headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}` },
        body: new URLSearchParams({ grant_type: "client_credentials", resource }),
      });
      return (await response.json() as { access_token: string }).access_token;
    },
    async revoke(names) { await post(`${served.url}/revocations`, names, ADMIN); },
  };
}

/** Runs a program until it listens at `port`. Returns what it wrote so far. */
export const run = (
  t: Suite,
  name: string,
  command: Command,
  port: number,
  env: Record<string, string>,
  cwd = ROOT,
): Promise<() => string> => startListening(t, name, command, port, {
  env: { PATH: process.env.PATH, PYTHONDONTWRITEBYTECODE: "1", ...env }, cwd,
});

const MODULES = "/usr/lib/apache2/modules";
const APACHE_MODULES = ["mpm_event", "authn_core", "authz_core", "authz_user", "headers", "dir", "proxy", "proxy_http",
  "auth_openidc"];

/**
 * Apache with a documented configuration of examples/connect/apache, in front of `behind`. `addresses` are put in place
 * of the documents'.
 */
export async function apache(
  t: Suite,
  example: string,
  behind: string,
  addresses: Record<string, string>,
  env: Record<string, string>,
  port: number,
  more: string[] = [],
): Promise<(() => string) | undefined> {
  const program = binary("apache2") ?? binary("../sbin/apache2");
  if (program === undefined || !existsSync(`${MODULES}/mod_auth_openidc.so`))
    return missing(t, "apache2 with mod_auth_openidc");
  const folder = temporaryFolder(t);
  const load = APACHE_MODULES.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`);
  const user = process.getuid?.() === 0 ? ["User nobody", "Group nogroup"] : [];
  const file = join(folder, "configuration");
  writeFileSync(file, [...load, ...user, "ServerName localhost", `Listen 127.0.0.1:${port}`,
    `DefaultRuntimeDir ${folder}`, `PidFile ${folder}/pid`, `ErrorLog ${folder}/log`, "LogLevel auth_openidc:warn",
    `DocumentRoot ${folder}`, `ProxyPass "/" "${behind}/"`, ...more,
    replaced(`apache/${example}.conf`, addresses), ""].join("\n"));
  await run(t, "Apache", [program, "-D", "FOREGROUND", "-f", file], port, env);
  return () => readFileSync(join(folder, "log"), "utf8");
}

/** A documented configuration with the addresses of a test. */
export function replaced(example: string, addresses: Record<string, string>): string {
  let text = readFileSync(join(EXAMPLES, example), "utf8");
  for (const [from, to] of Object.entries(addresses)) {
    if (!text.includes(from)) throw new Error(`${example} does not name ${from}`);
    text = text.replaceAll(from, to);
  }
  return text;
}

/** A server with TLS in front of `url`, and the file of the authority that signed its certificate. */
export async function withTls(t: Suite, url: string, { ca, server }: Certificates) {
  chmodSync(dirname(ca), 0o755); // Apache reads it, which gives up being root
  const [cert, key] = [readFileSync(server.cert), readFileSync(server.key)];
  const port = await listen(t, createServer({ cert, key }, (request, response) => {
    const { method, headers } = request;
    request.pipe(http.request(new URL(request.url ?? "", url), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    }));
  }));
  return { ca, url: `https://127.0.0.1:${port}` };
}
