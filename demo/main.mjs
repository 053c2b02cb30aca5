// `npm run demo`: a complete login on this machine, without an account at a provider. Ctrl-C stops it.
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createApi } from "./api.mjs";
import { registerClient, startAuthflow } from "./authflow.mjs";
import { listen } from "./listen.mjs";
import { explainPort, readPorts } from "./ports.mjs";
import { createProvider } from "./provider.mjs";
import { createSpa } from "./spa.mjs";

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
  const ports = readPorts(process.env);
  const urls = Object.fromEntries(Object.entries(ports).map(([part, port]) => [part, `http://localhost:${port}`]));

  const folder = mkdtempSync(join(tmpdir(), "authflow-demo-"));
  // At exit, not in `stop`: if a signal arrives while a part is starting, that part may still create files.
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

  // In production an operator enters this in the provider's console and in Authflow's settings.
  const upstream = {
    name: "demo-provider", issuer: urls.provider,
    clientId: "authflow", clientSecret: randomBytes(32).toString("base64url"),
    callback: `${urls.authflow}/auth/demo-provider/callback`,
  };
  cleanups.push(await listen(await createProvider(upstream, urls), ports.provider));
  cleanups.push(await startAuthflow({ port: ports.authflow, folder, upstream }));

  const redirectUri = `${urls.app}/`;
  const clientId = await registerClient(urls.authflow, redirectUri);
  cleanups.push(await listen(createApi(urls), ports.api));
  cleanups.push(await listen(createSpa({ ...urls, clientId, redirectUri, provider: upstream.name }), ports.app));

  console.log(`
Authflow's demo is running. Open this in your browser:

  ${urls.app}

The other parts: Authflow ${urls.authflow}, the sample API ${urls.api}, the identity provider ${urls.provider}.
Nothing leaves this machine, and all data are deleted at the end. Ctrl-C stops the demo.
`);
} catch (error) {
  console.error(explainPort(error) ?? error);
  await stop();
  process.exit(1);
}
