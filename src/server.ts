import { createRequire } from "node:module";
import closeWithGrace from "close-with-grace";
import { buildApp } from "./app.js";
import { loadConfig } from "./config/load.js";
import { reportAndExit } from "./cli/exit.js";
import { isLoopback } from "./shared/loopback.js";

/** Milliseconds that requests in flight get to finish after SIGTERM or SIGINT. */
const GRACE = 10_000;

/** Starts the service from `env`; resolves when it listens. */
export async function serve(env: NodeJS.ProcessEnv): Promise<void> {
  const config = loadConfig(env);
  const app = await buildApp(config);
  closeWithGrace({ delay: GRACE, logger: false }, async ({ err, signal }) => {
    if (err) app.log.fatal({ err }, "unexpected error, closing");
    else app.log.info({ signal }, "closing");
    await app.close();
  });
  await app.listen({ host: config.host, port: config.port });
  if (config.registration === "open" && !isLoopback(config.host)) {
    app.log.warn(`Anyone who reaches ${config.host}:${config.port} can register a client and mint: ` +
      "set AUTHFLOW_PUBLIC_URL, or let nothing but this machine reach the port");
  }
  app.log.info(
    `Authflow serves ${config.publicUrl} as issuer ${config.issuer}; documentation: ${config.publicUrl}/docs`,
  );
}

// Node was told a path that may lack its ending or lead through a symbolic link.
const [, started] = process.argv;
if (started !== undefined && createRequire(import.meta.url).resolve(started) === import.meta.filename)
  serve(process.env).catch(reportAndExit);
