import { hostname } from "node:os";
import type { Command } from "commander";
import type { Context } from "./context.js";

/** Commands that change nothing. The service writes a log of its own. */
const READING = new Set(["serve", "doctor", "clients list", "clients show", "keys list"]);
/** Options and arguments that the line repeats. Others may name a person (`sub`, `email`). */
const LOGGED = new Set([
  "clientId",
  "name", "redirectUris", "public", "logoUri", "responseTypes", "set", "overlap", "kid", "jti", "client", "key",
]);

/**
 * After each command that changes something, writes one line in the form of the service's log to standard error, if
 * that is no terminal and LOG_LEVEL includes info. Standard output is for results.
 */
export function logCommands(program: Command, context: Context): void {
  const { stderr, env, clock } = context;
  if (stderr.isTTY === true || !/^(trace|debug|info)?$/.test(env.LOG_LEVEL ?? "")) return;
  program.hook("postAction", (_program, command) => {
    const path = pathOf(command);
    const values = Object.entries(valuesOf(command)).filter(([name, value]) => LOGGED.has(name) && value !== undefined);
    if (READING.has(path) || onlyReads(path, values.length)) return;
    const line = {
      level: 30, time: clock(), pid: process.pid, hostname: hostname(), command: path,
      ...Object.fromEntries(values.map(([name, value]) => [snakeCase(name), value])), ...context.logFields,
      exit_code: context.exitCode, msg: "command",
    };
    stderr.write(`${JSON.stringify(line)}\n`);
  });
}

/** These print what they would change, unless they are given a value beside the client's id. */
const onlyReads = (path: string, values: number): boolean =>
  ["clients redirect-uris", "clients policy"].includes(path) && values === 1;

const pathOf = (command: Command): string =>
  (command.parent?.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name());

function valuesOf(command: Command): Record<string, unknown> {
  const given = command.registeredArguments.map((argument, i): [string, unknown] => {
    const value = command.processedArgs[i] as unknown;
    return [camelCase(argument.name()), Array.isArray(value) && value.length === 0 ? undefined : value];
  });
  return { ...Object.fromEntries(given), ...command.opts() };
}

const camelCase = (name: string): string => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
