import { constants } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import closeWithGrace from "close-with-grace";
import { reportAndExit } from "./cli/exit.js";
import type { Config } from "./config/config.js";
import { loadConfig } from "./config/load.js";
import { OPEN_TO_ALL } from "./clients/open-registration.js";
import { isLoopback } from "./shared/loopback.js";
import { isMainModule } from "./shared/main-module.js";

/** Milliseconds within which the process ends after a signal to do so, whatever still runs. */
const GRACE = 10_000;

/** What terminals and supervisors send to end a process. */
const ENDING = ["SIGTERM", "SIGINT", "SIGHUP"] as const;
/**
 * A listener that is never removed. When a signal's last listener goes, the kernel ends the process at the next such
 * signal; close-with-grace replaces its listeners, and that signal may come in between.
 */
const stay = (): void => undefined;

/** Starts the service from `env`; resolves when it listens. */
export async function serve(env: NodeJS.ProcessEnv): Promise<void> {
  const booted = endOnSignal();
  const config = loadConfig(env);
  // Loaded only now: before `endOnSignal`, a signal would be lost.
  const [{ buildApp }, { listen }] = await Promise.all([import("./app.js"), import("../plugins/http/listening.js")]);
  const app = await buildApp(config);
  for (const signal of ENDING) process.on(signal, stay);
  closeWithGrace({ delay: GRACE, logger: false }, async ({ err, signal }) => {
    if (signal !== undefined) ignoreFurtherSignals();
    if (err) app.log.fatal({ err }, "unexpected error, closing");
    else app.log.info({ signal }, "closing");
    const closed = app.close().then(() => true, (error: unknown) => {
      app.log.error({ err: error }, "not everything could be closed");
      return true;
    });
    if (!await Promise.race([closed, sleep(GRACE - 500, false)])) app.log.warn("closing takes too long: ending now");
  });
  booted();
  await listen(app, config);
  if (config.loopback && config.socketPath === undefined && !isLoopback(config.host)) app.log.warn(reachable(config));
  if (config.registration === "open" && !config.loopback) app.log.warn(OPEN_TO_ALL);
  app.log.info(`Authflow serves ${config.publicUrl} as issuer ${config.issuer}` +
    `; discovery: ${config.publicUrl}/.well-known/openid-configuration` +
    (config.docs ? `; documentation: ${config.publicUrl}/docs` : ""));
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
 * A signal during the boot, which may wait for a database for long, ends the process. The kernel does that by itself,
 * but not for process 1 of a container. Returns what to call after the boot.
 */
function endOnSignal(): () => void {
  const end = (signal: NodeJS.Signals): never => process.exit(128 + constants.signals[signal]); // as a shell says it
  for (const signal of ENDING) process.on(signal, end);
  return () => { for (const signal of ENDING) process.off(signal, end); };
}

/**
 * A terminal sends a signal to all processes, and npm then sends it again; systemd can send SIGHUP after SIGTERM.
 * close-with-grace ends the process at once when it gets a second signal, even if requests are still running.
 */
function ignoreFurtherSignals(): void {
  for (const signal of ENDING)
    for (const listener of process.listeners(signal)) if (listener !== stay) process.off(signal, listener);
}

if (isMainModule(import.meta)) serve(process.env).catch(reportAndExit);
