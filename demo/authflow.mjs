import { join } from "node:path";
import { buildApp } from "../dist/src/app.js";
import { loadConfig } from "../dist/src/config/load.js";

/** The service as it is, with its embedded database in `folder`, and one provider switched on. */
export async function startAuthflow({ port, folder, upstream }) {
  const variable = `AUTHFLOW_OIDC_${upstream.name.toUpperCase().replaceAll("-", "_")}`;
  const config = loadConfig({
    PORT: String(port),
    DATABASE_URL: `file:${join(folder, "authflow.db")}`,
    LOG_LEVEL: "error", // the terminal is for the one URL
    AUTHFLOW_OIDC_PROVIDERS: upstream.name,
    [`${variable}_ISSUER`]: upstream.issuer,
    [`${variable}_CLIENT_ID`]: upstream.clientId,
    [`${variable}_CLIENT_SECRET`]: upstream.clientSecret,
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

/** Registers a page in a browser, which can't keep a secret; resolves to its client_id. */
export async function registerClient(authflow, redirectUri) {
  const response = await fetch(`${authflow}/clients`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      name: "demo-page", redirect_uri: redirectUri, token_endpoint_auth_method: "none", response_types: ["code"],
    }),
  });
  const body = await response.json();
  if (response.status !== 201) throw new Error(`POST /clients: ${response.status} ${body.error_description}`);
  return body.client_id;
}
