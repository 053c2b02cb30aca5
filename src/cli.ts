#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command, CommanderError } from "commander";
import { clientCommands } from "./cli/clients.js";
import { logCommands } from "./cli/command-log.js";
import type { Context, Environment, Services, Streams } from "./cli/context.js";
import { doctorCommand } from "./cli/doctor.js";
import type { Drivers } from "./cli/drivers.js";
import { keyCommands } from "./cli/keys.js";
import { migrateCommand } from "./cli/migrate.js";
import { mintCommand } from "./cli/mint.js";
import { restoredCommand } from "./cli/restored.js";
import { revokeCommand } from "./cli/revoke.js";
import type { MintPolicy } from "./clients/client.js";
import { systemClock } from "./shared/clock.js";
import { isMainModule } from "./shared/main-module.js";
import { packageRoot } from "./shared/package-root.js";

const AFTER_HELP = `
Settings are read from the environment (see the README's table), the same for every command:
  DATABASE_URL=postgres://… REDIS_URL=redis://… authflow doctor

First steps:
  $ authflow clients add my-app https://my-app.com/callback
  $ authflow mint alice --client <client_id>
  $ authflow serve`;

/**
 * Runs one command; resolves to the exit code. `args` are the arguments after the program's name. Commands load large
 * modules only when they need them, so that help is printed at once.
 */
export async function run(args: readonly string[], env: Environment, streams: Streams): Promise<number> {
  const context: Context = {
    ...streams,
    env,
    clock: systemClock,
    drivers,
    exitCode: 0,
    logFields: {},
    withServices: (work) => withServices(env, true, work),
    existingServices: (work) => withServices(env, false, work),
    serve: async () => (await import("./server.js")).serve(env),
  };
  try {
    await programOf(context).parseAsync(withKeyIdLast(args), { from: "user" });
    return context.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode; // commander has printed the help, version or error
    const { explain } = await import("./cli/exit.js");
    streams.stderr.write(`${explain(error)}\n`);
    return 1;
  }
}

/** The id of a key (RFC 7638) that begins with a hyphen, as one in 64 does. */
const HYPHENED_KEY_ID = /^-[\w-]{42}$/;

/** Such an id as an argument would be taken for an option: it moves to the end, behind `--`. */
function withKeyIdLast(args: readonly string[]): readonly string[] {
  const index = args.findIndex((arg, i) => HYPHENED_KEY_ID.test(arg) && args[i - 1] !== "--key");
  if (index < 0 || args.includes("--")) return args;
  return [...args.filter((_, i) => i !== index), "--", args[index] as string];
}

function programOf(context: Context): Command {
  const { version } = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as { version: string };
  const program = new Command("authflow")
    .description("Authflow issues, validates and revokes your application's JWTs.")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print help for a command")
    .helpCommand("help [command]", "print help for a command")
    .addHelpText("after", AFTER_HELP)
    .showHelpAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => { context.stdout.write(text); },
      writeErr: (text) => { context.stderr.write(text); },
    });
  program.command("serve").description("run the service").action(() => context.serve());
  migrateCommand(program, context);
  clientCommands(program, context);
  mintCommand(program, context);
  revokeCommand(program, context);
  keyCommands(program, context);
  restoredCommand(program, context);
  doctorCommand(program, context);
  logCommands(program, context);
  return program;
}

const drivers: Drivers = {
  migrate: async (url) => (await import("./stores/prisma/migrate.js")).migrate(url),
  inspectDatabase: async (url, now) => (await import("./stores/prisma/inspection.js")).inspectDatabase(url, now),
  inspectRedis: async (redis, timeout) => (await import("./stores/redis/inspection.js")).inspectRedis(redis, timeout),
  connectUpstreams: async () => (await import("./upstream/connect.js")).connectUpstreams(systemClock),
};

async function withServices<T>(
  env: Environment,
  migrates: boolean,
  work: (services: Services) => Promise<T>,
): Promise<T> {
  const [{ buildApp }, { loadConfig }, { invalidInput }, { schemaValidator }] = await Promise.all([
    import("./app.js"), import("./config/load.js"), import("../plugins/http/invalid-input.js"),
    import("../plugins/http/validation.js"),
  ]);
  // Standard output is for results, so the log must not be mixed in.
  const app = await buildApp(loadConfig({ ...env, LOG_LEVEL: "silent" }), { migrates });
  try {
    await app.ready();
    const { clients, keys, tokens, sessions, refreshTokenFamilies, revocations, clock } = app;
    const validate = schemaValidator(app.getSchemas())({ $ref: "ClientPatch#" }, true);
    const checkPolicy: Services["checkPolicy"] = (policy) => {
      const error = validate({ policy });
      if (error !== undefined) throw invalidInput(error, "body");
      return policy as Partial<MintPolicy>;
    };
    return await work({ clients, keys, tokens, sessions, refreshTokenFamilies, revocations, clock, checkPolicy });
  } finally {
    await app.close();
  }
}

if (isMainModule(import.meta)) {
  // It is no error if the reader of a pipe closes it early (authflow clients list | head).
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(0);
  });
  const code = await run(process.argv.slice(2), process.env, process);
  // With code 0 the service may be running. With another one, open connections must not keep the process alive.
  if (code !== 0) process.exit(code);
}
