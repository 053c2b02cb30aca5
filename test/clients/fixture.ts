import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Test } from "tap";
import { ADMIN_TOKEN, type Environment } from "../support/app.js";
import { text } from "../docs/documents.js";
import { post } from "../docs/post.js";
import { openIdUpstream } from "../support/openid.js";
import { freePort } from "../support/ports.js";
import { endedWith } from "../support/process.js";
import type { Proxy } from "../support/proxy.js";
import { ROOT } from "../support/root.js";
import { type Served, serve } from "../support/serve.js";
import { migratedSqlite } from "../support/services.js";
import { UserAgent, type Visited } from "../support/user-agent.js";

type Json = Record<string, unknown>;
export interface Registered { client_id: string; client_secret: string; client_name: string }

export interface Authflow extends Served {
  /** Registers a client as an operator does, by the metadata of RFC 7591. */
  register(metadata: Json): Promise<Registered>;
  /** A request of an operator. */
  operate(method: string, path: string, body: Json): Promise<Json>;
}

/** Settings, which may need to know the URL. */
type Settings = Environment | ((url: string) => Environment);

/** Authflow at a port, with npm oidc-provider as its one provider: a login needs no choice. `proxy`: before it. */
export async function authflow(t: Test, env: Settings = {}, proxy?: Proxy): Promise<Authflow> {
  const port = String(await freePort());
  const local = `http://localhost:${port}`;
  proxy?.targets.push(local);
  const url = proxy?.url ?? local;
  const { settings } = await openIdUpstream(t, { callbacks: [`${url}/auth/corp/callback`] });
  const served = await serve(t, {
    DATABASE_URL: await migratedSqlite(t), AUTHFLOW_PUBLIC_URL: url, PORT: port, AUTHFLOW_ADMIN_TOKEN: ADMIN_TOKEN,
    ...settings, ...(typeof env === "function" ? env(url) : env),
  });
  return {
    ...served,
    url,
    register: async (metadata) =>
      await post(`${local}/clients`, { client_name: "shop", ...metadata }, ADMIN_TOKEN) as unknown as Registered,
    operate: async (method, path, body) => {
      const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, "content-type": "application/json" };
      const response = await fetch(local + path, { method, headers, body: JSON.stringify(body) });
      if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
      return await response.json() as Json;
    },
  };
}

/** A file of examples/connect in a process of its own. Resolves to what waits for a line that it prints. */
export async function example(t: Test, name: string, env: Environment): Promise<(wanted: RegExp) => Promise<string>> {
  const child = spawn(process.execPath, [join(ROOT, "examples/connect", name)], {
    cwd: ROOT, env: { PATH: process.env.PATH, ...env }, stdio: ["ignore", "pipe", "inherit"],
  });
  endedWith(t, child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async (wanted) => {
    for (;;) {
      const line: IteratorResult<string, undefined> = await lines.next();
      if (line.done === true) throw new Error(`${name} ended before it printed ${wanted.source}`);
      if (wanted.test(line.value)) return line.value;
    }
  };
}

export interface Application { url: string; agent: UserAgent }

/** What a page of docs/connect tells to register. */
export const documented = (page: string, url = ""): Json => {
  const [, body = ""] = /-d '(\{[\s\S]*?\})'/.exec(text(`docs/connect/${page}.md`)) ?? [];
  return JSON.parse(body.replace("https://shop.example.com", url)) as Json;
};

/** The application of a page of docs/connect, registered as the page says, and a browser that was not there yet. */
export async function application(t: Test, authflow: Authflow, page: string): Promise<Application> {
  const PORT = String(await freePort());
  const url = `http://localhost:${PORT}`;
  const { client_id, client_secret } = await authflow.register(documented(page, url));
  const line = await example(t, `${page}.mjs`, {
    AUTHFLOW_URL: authflow.url, AUTHFLOW_CLIENT_ID: client_id, AUTHFLOW_CLIENT_SECRET: client_secret,
    APP_URL: url, PORT,
    SESSION_SECRET: "session-secret-of-the-tests-0123456789", AUTH_SECRET: "auth-secret-of-the-tests-0123456789",
  });
  await line(/^The application is at /);
  return { url, agent: new UserAgent() };
}

/** The JSON that a page of the application answers. */
export const json = ({ text }: Pick<Visited, "text">): Json => JSON.parse(text) as Json;
