// `npm run demo`: a complete login on this machine, without an account at a provider. Ctrl-C stops it.
import { randomBytes, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { listen } from "./listen.mjs";
import { explain, readOwnClient, readPorts } from "./settings.mjs";

/** Functions that stop what was started. They run in reverse order. */
const cleanups = [];
let stopping;
const stop = () => (stopping ??= (async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
})());
// A signal can arrive twice: the terminal sends it to all processes, and npm forwards it.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
  process.on(signal, () => void stop().then(() => process.exit(0)));

try {
  const [ports, ownClient] = [readPorts(process.env), readOwnClient(process.env)];
  // After the settings: who has mistaken one does not wait for all of this.
  const [{ registerClient, startAuthflow }, { createLoginPage }, { createProvider }, { createSpa }] =
    await Promise.all(["authflow", "login-page", "provider", "spa"].map((part) => import(`./${part}.mjs`)));
  const urls = Object.fromEntries(Object.entries(ports).map(([part, port]) => [part, `http://localhost:${port}`]));

  const folder = mkdtempSync(join(tmpdir(), "authflow-demo-"));
  // At exit, not in `stop`: if a signal arrives while a part is starting, that part may still create files.
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

  // In production an operator enters this in the provider's console and in Authflow's settings.
  const upstream = {
    name: "demo-provider", issuer: urls.provider,
    clientId: `authflow-${randomUUID()}`, clientSecret: randomBytes(32).toString("base64url"),
    callback: `${urls.authflow}/auth/demo-provider/callback`,
  };
  cleanups.push(await listen(await createProvider(upstream, urls, ownClient), ports.provider));
  cleanups.push(await startAuthflow({ port: ports.authflow, folder, upstream, loginPage: urls.login }));

  // Who has this client's secret says who logged in: it stays in the backend of the login page.
  const loginPage = await registerClient(urls.authflow, { name: "demo-login-page", permissions: ["authenticate"] });
  cleanups.push(await listen(createLoginPage(urls, loginPage), ports.login));

  const follower = await registerClient(urls.authflow, { name: "demo-api", permissions: ["feed"] });
  // The API reads its settings when it is imported. What the terminal has set may be for another Authflow.
  for (const name of Object.keys(process.env)) if (name.startsWith("AUTHFLOW_")) delete process.env[name];
  Object.assign(process.env, {
    AUTHFLOW_URL: urls.authflow,
    AUTHFLOW_CLIENT_ID: follower.client_id, AUTHFLOW_CLIENT_SECRET: follower.client_secret,
  });
  const { createApi, close, isFresh } = await import("./api.mjs");
  cleanups.push(close);
  while (!isFresh()) await sleep(10); // until then the API answers 503
  cleanups.push(await listen(createApi(urls), ports.api));

  const redirectUri = `${urls.app}/`;
  // The page is a public client, because it can't keep a secret.
  const { client_id: clientId } = await registerClient(urls.authflow, {
    name: "Sample application", redirect_uri: redirectUri, token_endpoint_auth_method: "none", response_types: ["code"],
  });
  cleanups.push(await listen(createSpa({ ...urls, clientId, redirectUri, provider: upstream.name }), ports.app));

  console.log(`
Authflow's demo is running. Open this in your browser:

  ${urls.app}

The other parts: Authflow ${urls.authflow}, the sample API ${urls.api}, the identity provider ${urls.provider},
a platform's own login page ${urls.login}.
To log in to your own application, register it at ${urls.authflow}, and use that address as its issuer.
demo/README.md says how.${
  ownClient ? `\nYour client ${ownClient.client_id} of the provider has another issuer: ${urls.provider}` : ""}
Nothing leaves this machine, and all data are deleted at the end. Ctrl-C stops the demo.
`);
} catch (error) {
  console.error(explain(error) ?? error);
  await stop();
  process.exit(1);
}
