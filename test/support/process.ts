import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Answer, isAllUp } from "../e2e/support.js";
import { freePort } from "./ports.js";
import { ROOT } from "./root.js";
import { type Suite, temporaryFolder } from "./services.js";

export const SERVER = join(ROOT, "dist/src/server.js");
export const CLI = join(ROOT, "dist/src/cli.js");
/**
 * Options of Node for programs that live for seconds: without the optimising compilers, which pay off later, a start
 * takes a quarter less time of the processor.
 */
export const SHORT_LIVED = ["--no-opt", "--liftoff-only"];
/** Milliseconds: far more than a start takes, because a busy machine must not fail a test. */
const START_TIMEOUT = 120_000;

type Environment = Record<string, string | undefined>;

export interface ServerProcess {
  url: string;
  pid: number;
  /** Everything it wrote so far, to either stream. */
  output(): string;
  /** SIGTERM; resolves to the exit code. */
  stop(): Promise<number | null>;
  /** kill -9 */
  kill(): Promise<void>;
}

/** The tester's own settings must not leak into what is tested. */
function cleanEnvironment(env: Environment): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) =>
      !/^(AUTHFLOW_|JWT_|DATABASE_URL|REDIS_URL|HOST$|PORT$|LOG_LEVEL$|NODE_OPTIONS$|NODE_V8_COVERAGE$|TAP)/.test(name),
  );
  return { ...Object.fromEntries(inherited), ...env };
}

/**
 * Starts the built server in a folder of its own, and waits until the path `waitFor` answers 200 (readiness: with
 * every part). `heard` gets what it
 * writes meanwhile.
 */
export async function startServer(
  t: Suite,
  env: Environment = {},
  waitFor = "/health/ready",
  heard: (output: string) => void = () => undefined,
): Promise<ServerProcess> {
  if (!existsSync(SERVER)) throw new Error(`${SERVER} is missing: npm run build`);
  const port = env.PORT ?? String(await freePort());
  const url = `http://localhost:${port}`;
  const cwd = env.CWD ?? temporaryFolder(t);
  const child = spawn(process.execPath, [...SHORT_LIVED, SERVER], {
    cwd,
    env: cleanEnvironment({ AUTHFLOW_PUBLIC_URL: url, ...env, PORT: port }),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      heard(chunk.toString());
    });
  const end = endedWith(t, child);
  const deadline = Date.now() + START_TIMEOUT;
  while (!await answers(`${url}${waitFor}`)) {
    if (!isRunning(child)) throw new Error(`The server ended while starting:\n${output}`);
    if (Date.now() > deadline) throw new Error(`The server did not become ready:\n${output}`);
    await sleep(25);
  }
  return {
    url,
    pid: child.pid as number,
    output: () => output,
    stop: () => end("SIGTERM"),
    kill: async () => {
      await end("SIGKILL");
    },
  };
}

/** Ends `child` with the test at the latest. Returns how to end it sooner, which resolves to its exit code. */
export function endedWith(t: Suite, child: ChildProcess): (signal: NodeJS.Signals) => Promise<number | null> {
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (isRunning(child)) {
      child.kill(signal);
      await once(child, "exit");
    }
    return child.exitCode;
  };
  const kill = (): void => { child.kill("SIGKILL"); };
  process.once("exit", kill); // a test that runs into its timeout never gets to its teardown
  child.once("exit", () => { process.off("exit", kill); });
  t.teardown(() => end("SIGKILL"));
  return end;
}

/** Whether something listens at a port of this machine. */
export const opensAt = (port: number): Promise<boolean> => new Promise((resolve) => {
  const socket = connect(port, "127.0.0.1", () => { socket.destroy(); resolve(true); });
  socket.once("error", () => { resolve(false); });
});

export interface Finished { code: number | null; stdout: string; stderr: string }

/** Runs a Node program of ours to its end. */
export async function run(program: string, args: string[], env: Environment = {}, cwd = ROOT): Promise<Finished> {
  const child = spawn(process.execPath, [...SHORT_LIVED, program, ...args], {
    cwd,
    env: cleanEnvironment(env),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const finished: Finished = { code: null, stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => { finished.stdout += chunk.toString(); });
  child.stderr.on("data", (chunk: Buffer) => { finished.stderr += chunk.toString(); });
  [finished.code] = await once(child, "close") as [number | null];
  return finished;
}

export const runCli = (args: string[], env: Environment = {}, cwd?: string): Promise<Finished> =>
  run(CLI, args, env, cwd);

const isRunning = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null;
/** With 200, and if it tells of parts, all of them work. */
const answers = (url: string): Promise<boolean> => fetch(url).then(async (response) => {
  const body = response.ok && url.endsWith("/health/ready") ? await response.json() as Answer["body"] : {};
  return isAllUp({ status: response.status, body });
}, () => false);
