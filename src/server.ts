import closeWithGrace from "close-with-grace";
import { buildApp } from "./app.js";
import { reportAndExit } from "./cli/exit.js";
import { type Config, ConfigError } from "./config/config.js";
import { loadConfig } from "./config/load.js";
import { isLoopback } from "./shared/loopback.js";
import { isMainModule } from "./shared/main-module.js";

/** Milliseconds within which running requests must finish after SIGTERM or SIGINT. */
const GRACE = 10_000;

/** Starts the service from `env`; resolves when it listens. */
export async function serve(env: NodeJS.ProcessEnv): Promise<void> {
  const config = loadConfig(env);
  const app = await buildApp(config);
  closeWithGrace({ delay: GRACE, logger: false }, async ({ err, signal }) => {
    if (signal !== undefined) ignoreRepetitions(signal);
    if (err) app.log.fatal({ err }, "unexpected error, closing");
    else app.log.info({ signal }, "closing");
    await app.close();
  });
  await app.listen({ host: config.host, port: config.port }).catch((error: unknown) => {
    throw addressFault(error, config) ?? error;
  });
  if (config.loopback && !isLoopback(config.host)) app.log.warn(reachable(config));
  app.log.info(
    `Authflow serves ${config.publicUrl} as issuer ${config.issuer}; documentation: ${config.publicUrl}/docs`,
  );
}

/** What it means that a service for this machine listens on an address that others reach. */
function reachable({ host, port, registration }: Config): string {
  if (registration === "open") {
    return `Anyone who reaches ${host}:${port} can register a client and mint: ` +
      "set AUTHFLOW_PUBLIC_URL, or make the port reachable from this machine only";
  }
  return `Registration is ${registration}, because others may reach ${host}:${port}. Register clients by ` +
    "`authflow clients add`, or set AUTHFLOW_REGISTRATION=open if only this machine reaches the port";
}

/**
 * A terminal sends a signal to all processes, and npm then sends it again. close-with-grace ends the process at once
 * when it gets a signal twice, even if requests are still running.
 */
function ignoreRepetitions(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal);
  process.on(signal, () => undefined);
}

/** The error with the setting to change if the service can't listen; undefined for any other error. */
function addressFault(error: unknown, { host, port }: Config): ConfigError | undefined {
  const { code = "" } = error as NodeJS.ErrnoException;
  const remedy = "set HOST to an address of this machine, or to 0.0.0.0 for all of them";
  const faults: Record<string, string> = {
    EADDRINUSE: `PORT ${port} is in use on ${host} (EADDRINUSE): end the program that uses it, or set another PORT`,
    EACCES: `PORT ${port} is reserved for administrators (EACCES): set a PORT of 1024 or more`,
    EADDRNOTAVAIL: `HOST ${host} is not an address of this machine (EADDRNOTAVAIL): ${remedy}`,
    ENOTFOUND: `HOST ${host} is a name without an address (ENOTFOUND): ${remedy}`,
    EAI_AGAIN: `HOST ${host} is a name that DNS can't resolve now (EAI_AGAIN): ${remedy}`,
  };
  return faults[code] === undefined ? undefined : new ConfigError([faults[code]]);
}

if (isMainModule(import.meta)) serve(process.env).catch(reportAndExit);
