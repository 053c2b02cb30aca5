import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../support/root.js";

export interface Instruction { name: string; value: string }
export interface Stage { image: string; name: string | undefined; instructions: Instruction[] }

/** The stages of the Dockerfile, continued lines joined, comments left out. */
export function stages(): Stage[] {
  const text = readFileSync(join(ROOT, "Dockerfile"), "utf8").replace(/\\\n/g, " ");
  const lines = text.split("\n").filter((line) => /^\w/.test(line));
  const found: Stage[] = [];
  for (const line of lines) {
    const [, name = "", value = ""] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
    if (name === "FROM") {
      const [, image = "", stage] = /^(\S+)(?: AS (\S+))?$/.exec(value) ?? [];
      found.push({ image, name: stage, instructions: [] });
    } else found.at(-1)?.instructions.push({ name, value });
  }
  return found;
}

export const runtime = (): Stage => stages().at(-1) as Stage;

export const values = (stage: Stage, name: string): string[] =>
  stage.instructions.filter((instruction) => instruction.name === name).map(({ value }) => value);

/** The arguments of an exec-form CMD, whatever stands before it (HEALTHCHECK's options). */
export const execForm = (value: string): string[] => JSON.parse(value.slice(value.indexOf("["))) as string[];

/** Whether `.dockerignore` lets a path of the repository into the build. */
export function reachesTheBuild(path: string): boolean {
  let included = existsSync(join(ROOT, path));
  for (const line of readFileSync(join(ROOT, ".dockerignore"), "utf8").split("\n")) {
    const pattern = line.replace(/^!/, "");
    if (line === "" || line.startsWith("#")) continue;
    if (pattern === "*" || path === pattern || path.startsWith(`${pattern}/`)) included = line.startsWith("!");
  }
  return included;
}
