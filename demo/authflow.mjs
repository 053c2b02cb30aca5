import { join } from "node:path";
import { buildApp } from "../dist/src/app.js";
import { loadConfig } from "../dist/src/config/load.js";

/**
 * Starts Authflow itself, with its embedded database in `folder`, one provider, and a platform's own login page.
 * Resolves to a stop function.
 */
export async function startAuthflow({ port, folder, upstream, loginPage }) {
  const variable = `AUTHFLOW_OIDC_${upstream.name.toUpperCase().replaceAll("-", "_")}`;
  const config = loadConfig({
    PORT: String(port),
    DATABASE_URL: `file:${join(folder, "authflow.db")}`,
    LOG_LEVEL: process.env.LOG_LEVEL || "error", // so that the terminal shows little more than the URL to open
    AUTHFLOW_OIDC_PROVIDERS: upstream.name,
    [`${variable}_ISSUER`]: upstream.issuer,
    [`${variable}_CLIENT_ID`]: upstream.clientId,
    [`${variable}_CLIENT_SECRET`]: upstream.clientSecret,
    AUTHFLOW_LOGIN_URL: `${loginPage}/login`,
    AUTHFLOW_LOGIN_LABEL: "Demo Platform",
  });
  const app = await buildApp(config);
  try {
    await app.listen({ host: config.host, port: config.port });
  } catch (error) {
    await app.close();
    throw error;
  }
  return () => app.close();
}

/** Registers a client at POST /clients; resolves to the answer: its client_id, and its client_secret if it has one. */
export async function registerClient(authflow, metadata) {
  const response = await fetch(`${authflow}/clients`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(metadata),
  });
  const body = await response.json();
  if (response.status !== 201) throw new Error(`POST /clients: ${response.status} ${body.error_description}`);
  return body;
}
