// `npm run demo`: a whole login on this machine, without an account anywhere. Ctrl-C ends it.
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

/** What has to be undone at the end, the last first. */
const started = [];
let stopping;
const stop = () => (stopping ??= (async () => {
  for (const undo of started.reverse()) await undo();
})());
// Each may come twice: npm passes on what the terminal has already sent to everybody.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
  process.on(signal, () => void stop().then(() => process.exit(0)));

try {
  const ports = readPorts(process.env);
  const urls = Object.fromEntries(Object.entries(ports).map(([part, port]) => [part, `http://localhost:${port}`]));

  const folder = mkdtempSync(join(tmpdir(), "authflow-demo-"));
  // At the very end: a signal may come while a part is still being started, which would make its files anew.
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

  // What an operator would enter at the provider, and at Authflow for it.
  const upstream = {
    name: "demo-provider", issuer: urls.provider,
    clientId: "authflow", clientSecret: randomBytes(32).toString("base64url"),
    callback: `${urls.authflow}/auth/demo-provider/callback`,
  };
  started.push(await listen(await createProvider(upstream, urls), ports.provider));
  started.push(await startAuthflow({ port: ports.authflow, folder, upstream }));

  const redirectUri = `${urls.app}/`;
  const clientId = await registerClient(urls.authflow, redirectUri);
  started.push(await listen(createApi(urls), ports.api));
  started.push(await listen(createSpa({ ...urls, clientId, redirectUri, provider: upstream.name }), ports.app));

  console.log(`
Authflow's demo is running. Open this in your browser:

  ${urls.app}

The other parts: Authflow ${urls.authflow}, the sample API ${urls.api}, the identity provider ${urls.provider}.
Nothing leaves this machine, and nothing is kept. Ctrl-C ends it.
`);
} catch (error) {
  console.error(explainPort(error) ?? error);
  await stop();
  process.exit(1);
}
